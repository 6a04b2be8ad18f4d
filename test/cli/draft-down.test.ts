import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Story, withStory } from '../incidents/story.io.ts';
import { type Answer } from './run.io.ts';

const application = [
  'create table things (id integer primary key, a text, b text not null, n integer default 7, "Order" integer, constraint t_a_key unique (a))',
  "insert into things select g, 'a' || g, 'b' || g, g, g from generate_series(1, 200) g",
  'create index t_b on things (b)',
  'create view v as select id, b from things where n > 3',
  "comment on view v is 'what people read'",
  'create table gone (id integer generated always as identity primary key, w text, twice text generated always as (w || w) stored)',
  "insert into gone (w) select 'w' || g from generate_series(1, 30) g",
  "create function f(x integer) returns integer language sql set search_path = 'public' as 'select x + 1'",
  'create function names() returns trigger language plpgsql as $$ begin new.a := lower(new.a); return new; end $$',
  "create type mood as enum ('sad', 'happy')",
  'create sequence s',
  'create table stock (code text primary key, qty bigint, mood mood)',
  "insert into stock select 'c' || g, g * 1000000000::bigint, 'sad' from generate_series(1, 50) g",
  'create table orders (id serial primary key, thing integer references things, total numeric(10,2) not null default 0, note text collate "C", mood mood, nr bigint generated always as identity (increment by 10), constraint paid check (total >= 0))',
  "insert into orders (thing, total, note) select g, g, 'n' || g from generate_series(1, 40) g",
  'create table lines (order_id integer references orders on delete cascade, n integer)',
  'insert into lines select g, g from generate_series(1, 9) g',
  'create unique index orders_note on orders (lower(note)) where total > 1',
  'create trigger noted before update on orders for each row execute function suppress_redundant_updates_trigger()',
  'alter table orders enable row level security',
  'create policy mine on orders for select to public using (total < 1000)',
  "comment on column orders.note is 'what was said'",
  'grant select on orders to public',
  'create view unpaid as select id from orders where total = 0',
  "create domain code as text constraint filled check (value <> 'it''s')",
  'create type pair as (b integer, a text)',
  'create domain level as integer default 1 constraint high check (value > 0)',
  "create type state as enum ('a b', 'c''d')",
  'create table "Odd Rows" ("Id" level primary key, "Group" state not null, all_states state[])',
  `insert into "Odd Rows" values (1, 'a b', array['c''d'::state, 'a b'])`,
  'alter table "Odd Rows" alter "Id" set (n_distinct = 5)',
  'create materialized view sums as select count(*) as n from "Odd Rows"',
  'create unique index sums_n on sums (n)',
  'create aggregate largest (integer) (sfunc = int4larger, stype = integer)',
  'create table forced (id integer primary key)',
  'insert into forced values (1)',
  'create policy never on forced using (false)',
  'alter table forced enable row level security, force row level security',
  'create unlogged table cache (k text primary key, v bytea) with (fillfactor = 70)',
  'create table parted (id integer) partition by range (id)',
  'create table log (at text)',
  "insert into log select 'x' || g from generate_series(1, 5) g",
];

interface Drafted {
  readonly files: readonly string[];
  readonly begin: readonly string[];
  readonly end: readonly string[];
  readonly down: readonly string[];
  readonly left: readonly { readonly code: string; readonly problem: string; readonly fix: string }[];
}

/** Writes a release of one tier without a down. */
function write(story: Story, up: string, tier = ''): void {
  story.write({
    up,
    down: '',
    touches: '"public.*", "made.*", "other.*"',
    tier,
    more: 'allows: { cascade: the view of it, switchOff: for a while }\n',
  });
  rmSync(join(story.folder, 'release/tiers/1-change/down.sql'));
}

/** Writes it, and drafts its down. */
function draft(story: Story, up: string, tier = ''): { readonly answer: Answer; readonly drafted: Drafted } {
  write(story, up, tier);
  const answer = story.run('draft', 'down', 'release', '1-change', '--json');
  return { answer, drafted: JSON.parse(answer.stdout) as Drafted };
}

/** Each is a release of its own, of changes that have nothing to do with each other. */
const whole: Readonly<
  Record<string, { readonly up: string; readonly says?: readonly RegExp[]; readonly tier?: string }>
> = {
  'what the up makes': {
    up: `create schema made;
create table made.one (id bigint generated always as identity primary key, t integer references things (id));
create index on made.one (t);
create type made.size as enum ('small', 'large');
create domain made.code as text check (value <> '');
create type made.span as range (subtype = float8);
create function made.number(made.size) returns integer language sql as $$ select 1 $$;
create cast (made.size as integer) with function made.number(made.size);
create view made.seen as select * from made.one;
create function made.g(integer, text default '') returns integer language sql as $$ select 1 $$;
create trigger names before insert on things for each row execute function names();
create policy p on gone for select to public using (id > 3);
alter table gone enable row level security;
alter table things add column c jsonb not null default '{}', add constraint t_n check (n > 0);
create index t_n on things (n);
comment on table things is 'things';
grant select on things to public;`,
  },
  'what it renames and moves, and what it changes after that': {
    up: `create schema other;
alter table things rename column a to name;
alter table things rename constraint t_a_key to t_name_key;
alter table gone rename to kept;
alter table stock set schema other;
alter function f(integer) rename to plus_one;
alter type mood rename value 'sad' to 'gloomy';
alter table kept add column more integer;
update things set name = upper(name) where id <= 20;`,
    says: [
      /alter table things rename column name to a;/,
      /alter table other\.stock set schema public;/,
      /alter type mood rename value 'gloomy' to 'sad';/,
    ],
  },
  'what it defines anew': {
    up: `create or replace function f(x integer) returns integer language sql as 'select x + 2';
drop function names();
drop view v;
create view v as select id, b, n from things;
alter table things alter column b drop not null, alter column n set default 9, drop constraint t_a_key;
drop index t_b;
create index t_b on things (b, n);
alter sequence s owned by things.id;
alter table stock alter column qty type numeric;`,
  },
  'rows that it changes and deletes': {
    up: `update things set b = 'x', "Order" = 0 where id > 150;
delete from gone where w like 'w1%';
update stock set qty = qty + 1 where code < 'c2';
update stock set qty = qty + 2 where code > 'c4';
delete from stock where code = 'c33';
insert into things values (501, 'x', 'y', 1), (502, 'xx', 'yy', 2);`,
    says: [
      /create table public\."keep_things_Order" as select id, "Order", b from public\.things where id > 150;/,
      /delete from public\.keep_stock_qty k using public\.stock t where k\.code = t\.code/,
    ],
  },
  'properties of what is there': {
    up: `alter table gone set unlogged, replica identity full;
alter table things alter column b set storage external, alter column n set statistics 500;
alter sequence s increment by 5 maxvalue 5000 cycle cache 3;
alter table stock add constraint stock_code check (code <> '') not valid;
alter table stock validate constraint stock_code;
alter table things alter column id add generated by default as identity;
create or replace view v as select id, b, n from things where n > 3;
alter function f(integer) strict set work_mem = '5MB';
alter table things disable trigger user;`,
  },
  'a tier that commits each statement': {
    tier: 'transaction: each',
    up: `create table made (id integer primary key);
create view seen as select * from made;
alter table things add column c integer;
create index things_c on things (c);`,
    says: [/drop view if exists public\.seen;/, /alter table public\.things drop column if exists c;/],
  },
  'tables, a domain and a type that it drops': {
    up: `drop table orders cascade;
drop table gone;
drop table cache;
drop table log;
drop domain code;
drop type pair;`,
    says: [
      /create table public\.keep_orders as select \* from public\.orders;/,
      /create table public\.keep_orders_id_seq as select last_value, is_called from public\.orders_id_seq;/,
      /create unlogged table public\.cache \(k text not null, v bytea\);/,
    ],
  },
  'a table with the types of its columns': {
    up: `drop materialized view sums;
drop table "Odd Rows";
drop type state;
drop domain level;`,
    says: [/create table public\."keep_Odd Rows" as select "Id"::text as "Id", "Group"::text as "Group"/],
  },
  'columns that it drops, and values that a type loses': {
    up: `alter table things drop column n cascade, drop column "Order";
alter table orders drop column nr;
alter table stock alter column qty type integer using (qty / 1000000000)::integer;
truncate gone;`,
  },
};

/** What a draft does not undo, with what it says about that. */
const partly: Readonly<
  Record<string, { readonly up: string; readonly left: readonly RegExp[]; readonly down?: RegExp }>
> = {
  'rows that are chosen among others, or by a DO': {
    up: `insert into stock (code) select 'z' || id from things where id < 3;
do $$ begin insert into things (id, b) values (900, 'x'); end $$;`,
    left: [/public\.stock.*depends on what is there/, /public\.things.*depends on what is there/],
  },
  'rows that the owner may not read; an aggregate': {
    up: `drop table forced;
drop aggregate largest(integer);`,
    left: [
      /table public\.forced: is missing.*rename it instead/,
      /aggregate public\.largest\(integer\).*again as it was/,
    ],
  },
  'a label of an enum; a partitioned table; rows whose keys the server draws; rows without a key': {
    up: `drop table parted;
alter type mood add value 'calm';
insert into gone (w) values ('new');
update log set at = 'y' where at = 'x1';
create table made (id integer);`,
    left: [
      /table public\.parted: is missing.*rename it instead.*alter table public\.parted rename to keep_parted/,
      /type public\.mood.*oneWay/,
      /public\.gone.*the server draws id, so production has other keys/,
      /public\.log.*it has no primary key to find rows by/,
    ],
    down: /drop table public\.made;/,
  },
};

describe('oneroof draft down', () => {
  it('drafts a rollback that the rehearsal proves', { timeout: 900_000 }, async () => {
    const before = [
      "do $$ begin execute format('grant create on database %I to app_owner', current_database()); end $$",
    ];
    await withStory({ application, before }, async (story) => {
      expect(draft(story, 'create table made (id integer);').answer.stdout).toContain('REHEARSAL_NO_GOLDEN');
      expect(story.run('clone', 'golden').status).toBe(0);
      for (const [what, { up, says = [], tier }] of Object.entries(whole)) {
        const { answer, drafted } = draft(story, up, tier);
        expect(drafted.left, `${what}: ${answer.stdout}`).toEqual([]);
        expect(answer.status, `${what}: ${answer.stderr}`).toBe(0);
        const all = [...drafted.begin, ...drafted.end, ...drafted.down].join('\n');
        for (const said of says) expect(all, what).toMatch(said);
        expect(story.text('release.yaml'), what).toContain('drafted: true');
        expect(story.run('seal', 'release').stderr, what).not.toContain('error:');
        const rehearsed = story.run('rehearse', 'release');
        expect(rehearsed.status, `${what}: ${rehearsed.stderr}${rehearsed.stdout}${all}`).toBe(0);
      }
    });
  });

  it('says what it does not undo, and leaves that to people', { timeout: 300_000 }, async () => {
    await withStory({ application }, async (story) => {
      expect(story.run('clone', 'golden').status).toBe(0);
      for (const [what, { up, left, down = /(?:)/ }] of Object.entries(partly)) {
        const { answer, drafted } = draft(story, up);
        expect(answer.status, `${what}: ${answer.stderr}`).toBe(1);
        expect(drafted.left.map(({ code }) => code)).toEqual(left.map(() => 'BACK_DIFFERS'));
        for (const one of left) {
          expect(
            drafted.left.map(({ problem, fix }) => `${problem} ${fix}`).filter((said) => one.test(said)),
            `${one}`,
          ).toHaveLength(1);
          expect(story.text('tiers/1-change/down.sql')).toMatch(/NOT WHOLE: it does not undo/);
        }
        expect(drafted.down.join('\n')).toMatch(down);
        // what is left is found by the rehearsal too
        expect(story.run('seal', 'release').stderr, what).not.toContain('error:');
        expect(story.run('rehearse', 'release', '--keep', 'never').stdout, what).toContain('BACK_DIFFERS');
      }
    });
  });

  it('says why there is nothing to draft', { timeout: 300_000 }, async () => {
    await withStory({ application }, async (story) => {
      expect(story.run('clone', 'golden').status).toBe(0);
      const refused = (up: string, tier = '', id = '1-change'): string => {
        write(story, up, tier);
        const { status, stderr } = story.run('draft', 'down', 'release', id);
        expect(status, stderr).toBe(3);
        return stderr;
      };
      const made = 'create table made (id integer);';
      expect(refused(made, '', '2-other')).toMatch(
        /no tier 2-other[^]*name one of its tiers: 1-change[^]*|DRAFT_IMPOSSIBLE/,
      );
      expect(refused(made, 'oneWay: it is not undone')).toMatch(/is one-way: it is not undone \[DRAFT_IMPOSSIBLE\]/);
      expect(
        refused(
          'update public.things set n = 1 where id between $1 and $2;',
          'transaction: each, batched: { by: id, rows: 10 }',
        ),
      ).toMatch(/runs in batches[^]*\[DRAFT_IMPOSSIBLE\]/);
      expect(refused('alter table nothing add column a integer;')).toMatch(
        /does not run on a clone: relation "nothing" does not exist[^]*\[DRAFT_IMPOSSIBLE\]/,
      );
      // what an earlier draft added is still in the up
      expect(refused("create table keep_gone as select 1;\ndelete from gone where w like 'w1%';")).toMatch(
        /statements that would keep rows[^]*keep_gone[^]*take out of tiers\/1-change\/up\.sql what an earlier draft added/,
      );
      story.write({ up: made, down: 'drop table made;' });
      const there = story.run('draft', 'down', 'release', '1-change');
      expect([there.status, there.stderr]).toEqual([2, expect.stringContaining('[ALREADY_EXISTS]')]);
      expect(story.text('tiers/1-change/down.sql')).toBe('drop table made;');
    });
  });

  it('drafts a tier between others, of which one has no down yet', { timeout: 300_000 }, async () => {
    await withStory({ application }, async (story) => {
      expect(story.run('clone', 'golden').status).toBe(0);
      write(story, 'alter table things rename column a to name;');
      const tier = (id: string, up: string): void => {
        const folder = join(story.folder, 'release/tiers', id);
        mkdirSync(folder);
        writeFileSync(join(folder, 'up.sql'), up);
      };
      tier('2-more', "update things set name = name || 'x' where id < 4;");
      tier('3-last', 'create index things_n on things (n);');
      appendFileSync(
        join(story.folder, 'release/release.yaml'),
        '  - { id: 2-more, title: More }\n  # the last one\n  - { id: 3-last, title: Last }\n',
      );
      for (const id of ['2-more', '1-change', '3-last']) {
        const { status, stdout, stderr } = story.run('draft', 'down', 'release', id);
        expect(status, `${id}: ${stdout}${stderr}`).toBe(0);
      }
      expect(story.text('release.yaml')).toMatch(/# the last one/);
      expect(story.text('tiers/1-change/down.sql')).toContain('alter table things rename column name to a;');
      expect(story.run('seal', 'release').stderr).not.toContain('error:');
      const rehearsed = story.run('rehearse', 'release');
      expect(rehearsed.status, rehearsed.stdout).toBe(0);
      expect(story.run('dossier', 'release').stdout).toMatch(
        /3 rollbacks drafted by a command[^]*1-change; 2-more; 3-last/,
      );
      expect(story.run('report', 'release', '--json').stdout).toMatch(
        /Drafted by a command, and not yet read by an author/,
      );
    });
  });

  it('drafts the down of a migration whose tool has none, between the lock and the row of its history', {
    timeout: 300_000,
  }, async () => {
    const history = [
      'create table schema_migrations (version bigint primary key, dirty boolean not null)',
      'insert into schema_migrations values (1, false)',
    ];
    await withStory({ application: [...application, ...history] }, async (story) => {
      const put = (file: string, text: string): void => {
        mkdirSync(dirname(join(story.folder, file)), { recursive: true });
        writeFileSync(join(story.folder, file), text);
      };
      put('repo/db/migrations/000001_first.up.sql', 'create table things (id integer);\n');
      put('repo/db/migrations/000001_first.down.sql', 'drop table things;\n');
      put('repo/db/migrations/000002_second.up.sql', 'alter table things add column c integer;\n');
      put('repo/db/migrations/000003_third.up.sql', 'update things set b = upper(b) where id < 5;\n');
      expect(story.run('clone', 'golden').status).toBe(0);
      const imported = story.run('import', 'repo', '--target', 'production', '--into', 'release');
      expect(imported.status, imported.stderr).toBe(0);
      const [second, third] = ['1-000002-second', '2-000003-third'];
      const oneWay = story.run('draft', 'down', 'release', second);
      expect(oneWay.stderr).toMatch(/one-way: 000002_second\.up\.sql has no down[^]*remove `oneWay` from the tier/);
      const yaml = join(story.folder, 'release/release.yaml');
      writeFileSync(yaml, story.text('release.yaml').replaceAll(/\n    oneWay: .*/g, ''));
      const up = story.text(`tiers/${third}/up.sql`);
      const partly = story.run('draft', 'down', 'release', third);
      expect([partly.status, partly.stdout]).toEqual([
        1,
        expect.stringMatching(/a tier of your own before it can keep/),
      ]);
      expect(story.text(`tiers/${third}/up.sql`), 'the up of a migration is not changed').toBe(up);
      const whole = story.run('draft', 'down', 'release', second);
      expect(whole.status, whole.stderr).toBe(0);
      expect(story.text(`tiers/${second}/down.sql`)).toMatch(
        /SELECT pg_catalog\.pg_advisory_xact_lock[^]*drop column c;[^]*UPDATE "public"\."schema_migrations" SET version = 1/,
      );
      expect(story.run('seal', 'release').stderr).not.toContain('error:');
      // what differs is what was left, and nothing of the one that is whole
      const rehearsed = story.run('rehearse', 'release', '--keep', 'never').stdout;
      const differing = rehearsed.split('\n').filter((line) => line.includes('BACK_DIFFERS'));
      expect(differing.length, rehearsed).toBeGreaterThan(0);
      for (const line of differing) expect(line).toMatch(/table public\.things: same number of rows, other content/);
    });
  });
});
