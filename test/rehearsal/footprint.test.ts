import { describe, expect, it } from 'vitest';
import { captureSchema, type Footprint } from '../../src/fingerprint/index.ts';
import { type Rehearsal } from '../../src/rehearsal/index.ts';
import { type Direction } from '../../src/release/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { type Gated, type GatedPlan, runTier, withGate } from '../gate/cycle.io.ts';
import { note } from '../gate/footprint.io.ts';
import { attemptOn } from '../gate/purpose.io.ts';
import { withPlace } from './place.io.ts';

const time = { timeout: 180_000 };

const application = [
  'create table parent (id integer primary key, word text)',
  `insert into parent values (1, 'a'), (2, 'b')`,
  'create table child (id integer primary key, parent integer references parent on delete cascade, looked integer)',
  'insert into child values (10, 1), (20, 2)',
  // it hangs together with what is used, by a foreign key alone
  'create table neighbour (id integer primary key, child integer references child)',
  'create table chosen (id integer primary key)',
  'insert into chosen values (7)',
  'alter table child add constraint looked foreign key (looked) references chosen deferrable initially deferred',
  'create table far (id integer primary key, word text)',
  'create view wide as select p.word, f.id from parent p, far f',
  'create table events (id integer, at integer) partition by range (at)',
  'create table events_1 partition of events for values from (0) to (10)',
  'create sequence counter',
  'create materialized view totals as select count(*) as n from parent',
  `create function lib.helper() returns text language sql as $f$select 'helped'$f$`,
  `create function public.touch() returns trigger language plpgsql set search_path = lib as $f$begin new.word := coalesce(new.word, helper()); return new; end$f$`,
  'create trigger touch before insert on parent for each row execute function touch()',
  `create function public.unrelated() returns text language sql as $f$select 'x'$f$`,
];

const tiers: Readonly<Record<string, readonly [title: string, up: string, down: string]>> = {
  '1-index': [
    'title: Index, transaction: each',
    'create index child_parent on public.child (parent);\nalter table public.child add column note text;',
    'alter table public.child drop column if exists note;\ndrop index if exists public.child_parent;',
  ],
  '2-types': [
    'title: Types',
    `create domain public.short as text check (length(value) < 9);
create type public.colour as enum ('red');
create type public.pair as (a integer, b text);
create sequence public.made_counter;
create table public.made (id integer primary key default nextval('public.made_counter'), short public.short, colour public.colour, pair public.pair);
create function public.made_by() returns integer language plpgsql as $f$begin insert into public.made (short) values ('x'); return 1; end$f$;
create temporary table hidden on commit drop as select public.made_by() as i;
create policy made_all on public.made using (true);`,
    `drop table public.made;
drop function public.made_by();
drop sequence public.made_counter;
drop type public.pair;
drop type public.colour;
drop domain public.short;`,
  ],
  '3-rows': [
    'title: Rows',
    `insert into public.parent (id) values (3);
insert into public.child (id, parent, looked) values (30, 3, 7);
refresh materialized view public.totals;
select nextval('public.counter');`,
    `delete from public.parent where id = 3;
refresh materialized view public.totals;
select setval('public.counter', 1, false);`,
  ],
  '4-parts': [
    'title: Parts',
    `create table public.events_2 partition of public.events for values from (10) to (20);
create index events_at on public.events (at);`,
    'drop index public.events_at;\ndrop table public.events_2;',
  ],
  '5-barred': ['title: Barred, barred: not yet', 'create table public.never (i integer);', 'drop table public.never;'],
};

const files = (oneWay: string | null): NonNullable<GatedPlan['files']> => ({
  'release.yaml': `format: 1
name: wide
title: Wide
database: shop
touches: [public.*]
varies: [public.counter]
authors:
  - { name: agent, kind: agent, instructedBy: ira }
tiers:
${Object.entries(tiers)
  .map(([id, [title]]) => `  - { id: ${id}, ${title}${id === oneWay ? ', oneWay: it is meant to stay' : ''} }`)
  .join('\n')}
`,
  ...Object.fromEntries(
    Object.entries(tiers).flatMap(([id, [, up, down]]) => [
      [`tiers/${id}/up.sql`, `${up}\n`],
      ...(id === oneWay ? [] : [[`tiers/${id}/down.sql`, `${down}\n`]]),
    ]),
  ),
});

/** The objects of the database with what a client can tell of them, read by other queries than those of the gate. */
async function objectsOf(gated: Gated): Promise<ReadonlyMap<string, string>> {
  const { objects } = await withSession(gated.database, captureSchema);
  return new Map(
    objects
      .filter(({ name }) => !/^gate\b/.test(name))
      .map(({ kind, name, logical }) => [`${kind}: ${name}`, JSON.stringify(logical)]),
  );
}

const changed = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): readonly string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter((key) => one.get(key) !== other.get(key));

const keysOf = ({ before, after }: Footprint): ReadonlySet<string> =>
  new Set([...Object.keys(before), ...after.flatMap(({ changes }) => Object.keys(changes))]);

/** A tier as the executor runs it, also one that commits its steps one by one. */
async function run(gated: Gated, of: { statement: string; direction: Direction; tier: string }): Promise<void> {
  const tier = gated.sealed.release.tiers.find(({ id }) => id === of.tier);
  if (tier?.transaction !== 'each') return await gated.as('oneroof_executor', (s) => runTier(s, { gated, ...of }));
  await attemptOn(gated, of, async ({ begin, enter, step, leave, commit }) => {
    for (const [at, one] of tier[of.direction].entries()) {
      await begin();
      await enter();
      await step(at + 1, one.sql);
      if (at === tier[of.direction].length - 1) await leave();
      await commit();
    }
  });
}

const withWide = (
  version: (typeof versions)[number],
  oneWay: string | null,
  use: (gated: Gated, footprint: Footprint) => Promise<void>,
): Promise<void> =>
  withGate(version, { files: files(oneWay) }, async (gated) => {
    await runSql(gated.database, ['create schema lib authorization app_owner', 'set role app_owner', ...application]);
    await withPlace(gated, async (oneroof) => {
      await runSql(gated.database, [`grant temporary on database ${gated.database.database} to app_owner`]);
      const answer = oneroof('rehearse', 'release', '--golden', '--json');
      const { rehearsal } = JSON.parse(answer.stdout) as { readonly rehearsal: Rehearsal };
      expect(rehearsal.stages.flatMap(({ problems }) => problems)).toEqual([]);
      expect(rehearsal.footprint).not.toBeNull();
      await use(gated, rehearsal.footprint as Footprint);
    });
  });

const ratify = async (gated: Gated, footprint: Footprint): Promise<string> =>
  await gated.ratify(await gated.ratification({}, { schema: note(footprint) }), [gated.people.ana, gated.people.ben]);

describe.each(versions)('the footprint of a rehearsal on PostgreSQL %s', (version) => {
  it('has every object that a tier changes, and its states are those of the rollout and the rollback', time, () =>
    withWide(version, null, async (gated, footprint) => {
      const keys = keysOf(footprint);
      const statement = await ratify(gated, footprint);
      const order = ['1-index', '2-types', '3-rows', '4-parts'];
      const first = await objectsOf(gated);
      for (const direction of ['up', 'down'] as const)
        for (const tier of direction === 'up' ? order : order.toReversed()) {
          const was = await objectsOf(gated);
          await run(gated, { statement, direction, tier });
          const is = await objectsOf(gated);
          expect([direction, tier, changed(was, is).filter((key) => !keys.has(key))]).toEqual([direction, tier, []]);
        }
      expect(changed(first, await objectsOf(gated))).toEqual([]);
    }),
  );
});

describe.each(versions)('what it names, on PostgreSQL %s', (version) => {
  it('is what the release uses, reaches or runs, and nothing else; of a one-way tier too', time, () =>
    withWide(version, '4-parts', async (gated, footprint) => {
      const keys = keysOf(footprint);
      for (const key of [
        'table: public.parent',
        'table: public.child',
        'table: public.chosen',
        'view: public.wide',
        'materialized view: public.totals',
        'sequence: public.counter',
        'function: public.touch()',
        'function: lib.helper()',
        'trigger: public.parent.touch',
        'constraint: public.child.looked',
        'table: public.events_1',
        'table: public.events_2',
        'column: public.pair.a',
        'constraint: public.short.short_check',
      ])
        expect([key, keys.has(key)]).toEqual([key, true]);
      for (const key of [
        'table: public.far',
        'function: public.unrelated()',
        'table: public.never',
        'column: public.far.word',
      ])
        expect([key, keys.has(key)]).toEqual([key, false]);
      expect(footprint.varies).toEqual(['sequence: public.counter']);
      const states = footprint.after.map(({ direction, tier, step }) => `${direction} ${tier} ${step ?? 'whole'}`);
      const stepwise = (direction: Direction): readonly string[] =>
        ['1', '2', 'whole'].map((step) => `${direction} 1-index ${step}`);
      const ups = ['up 2-types whole', 'up 3-rows whole', 'up 4-parts whole'];
      const downs = ['down 3-rows whole', 'down 2-types whole'];
      expect(states).toEqual([...stepwise('up'), ...ups, ...downs, ...stepwise('down')]);
      // others replace what only a trigger with a search_path of its own runs
      const statement = await ratify(gated, footprint);
      await runSql(gated.database, [
        `create or replace function lib.helper() returns text language sql as $f$select 'evil'$f$`,
      ]);
      await expect(run(gated, { statement, direction: 'up', tier: '1-index' })).rejects.toThrow(
        'function lib.helper(): source is',
      );
    }),
  );
});
