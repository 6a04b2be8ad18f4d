import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
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

/** Writes a release of one tier without a down, and drafts it. */
function draft(story: Story, up: string, tier = ''): { readonly answer: Answer; readonly drafted: Drafted } {
  story.write({
    up,
    down: '',
    touches: '"public.*", "made.*", "other.*"',
    tier,
    more: "allows: { cascade: the view of it }\n",
  });
  rmSync(join(story.folder, 'release/tiers/1-change/down.sql'));
  const answer = story.run('draft', 'down', 'release', '1-change', '--json');
  return { answer, drafted: JSON.parse(answer.stdout) as Drafted };
}

/** Each is a release of its own, of changes that have nothing to do with each other. */
const whole: Readonly<Record<string, { readonly up: string; readonly says?: readonly RegExp[] }>> = {
  'what the up makes': {
    up: `create schema made;
create table made.one (id bigint generated always as identity primary key, t integer references things (id));
create index on made.one (t);
create type made.size as enum ('small', 'large');
create domain made.code as text check (value <> '');
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
      /create table public\.keep_things_\w+ as select id, .*"Order".* from public\.things where id > 150/,
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
  'columns that it drops, and values that a type loses': {
    up: `alter table things drop column n cascade, drop column "Order";
alter table stock alter column qty type integer using (qty / 1000000000)::integer;
truncate gone;`,
  },
};

describe('oneroof draft down', () => {
  it('drafts a rollback that the rehearsal proves', { timeout: 600_000 }, async () => {
    await withStory({ application }, async (story) => {
      expect(story.run('clone', 'golden').status).toBe(0);
      for (const [what, { up, says = [] }] of Object.entries(whole)) {
        const { answer, drafted } = draft(story, up);
        expect(drafted.left, `${what}: ${answer.stdout}`).toEqual([]);
        expect(answer.status, `${what}: ${answer.stderr}`).toBe(0);
        for (const said of says) expect([...drafted.begin, ...drafted.end].join('\n'), what).toMatch(said);
        expect(readFileSync(join(story.folder, 'release/release.yaml'), 'utf8')).toContain('drafted: true');
        expect(story.run('seal', 'release').stderr, what).not.toContain('error:');
        const rehearsed = story.run('rehearse', 'release');
        expect(rehearsed.status, `${what}: ${rehearsed.stderr}${rehearsed.stdout}${JSON.stringify(drafted, null, 1)}`).toBe(0);
      }
    });
  });
});
