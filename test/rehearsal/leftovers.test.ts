import { expect, it } from 'vitest';
import { type Rehearsal, rehearse } from '../../src/rehearsal/index.ts';
import { leftoversBetween } from '../../src/rehearsal/leftovers/leftovers.ts';
import { readConditions } from '../../src/rehearsal/leftovers/leftovers.io.ts';
import { type Release } from '../../src/release/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';

const before = [
  'create table parent (id integer primary key)',
  'create table t (id integer primary key, v integer, p integer references parent)',
  'insert into t select g, g % 5 from generate_series(1, 50) g',
  'create function f() returns trigger language plpgsql as $$ begin return new; end $$',
  'create trigger guard before update on t for each row execute function f()',
  'create trigger older before update on t for each row execute function f()',
  'alter table t disable trigger older',
  'create materialized view m as select count(*) from t',
];

async function rehearsed(of: ReturnType<typeof tier>, more: Partial<Release> = {}, given = before): Promise<Rehearsal> {
  return await withHost(given, ({ host }) => rehearse({ release: sealed([of], more), host, owner: 'test' }));
}

const switchedOff: readonly (readonly [string, string, string, string])[] = [
  [
    'a trigger that is not switched on again',
    'alter table t disable trigger guard',
    'alter table t enable trigger guard',
    'trigger guard on public.t',
  ],
  [
    'the foreign keys that DISABLE TRIGGER ALL takes along',
    'alter table t disable trigger all',
    'alter table t enable trigger all',
    'foreign key t_p_fkey, its triggers on public.t',
  ],
  [
    'a materialized view without its rows',
    'refresh materialized view m with no data',
    'refresh materialized view m',
    'materialized view public.m',
  ],
  [
    'a table whose rows a crash now empties',
    'alter table parent set unlogged',
    'alter table parent set logged',
    'table public.parent',
  ],
  [
    'a constraint that is not enforced any more',
    'alter table t alter constraint t_p_fkey not enforced',
    'alter table t alter constraint t_p_fkey enforced',
    'constraint t_p_fkey on public.t',
  ],
];

it.each(switchedOff)('names %s', async (_, up, down, name) => {
  const given = up.includes('parent') ? before.map((text) => text.replace(' references parent', '')) : before;
  const done = await rehearsed(tier('1-x', { up: [up], down: [down] }), {}, given);
  expect(done.problems.map((one) => `${one.code} ${one.problem}`).join('\n')).toContain(
    `SWITCHED_OFF ${name} was in force`,
  );
  const forward = done.stages.find(({ stage }) => stage === 'forward')?.problems ?? [];
  expect(forward.map((one) => one.problem).join('\n')).not.toContain('older');
  expect(done.leftovers).toContainEqual(expect.objectContaining({ since: 'switched' }));
});

it('lets a release switch something off that says why, and keeps it in the record', async () => {
  const off = tier('1-x', {
    up: ['alter table t disable trigger guard'],
    down: ['alter table t enable trigger guard'],
  });
  const done = await rehearsed(off, { allows: { switchOff: 'the application does it now' } });
  expect(done.outcome).toBe('passed');
  expect(done.leftovers).toEqual([
    { kind: 'trigger', name: 'guard on public.t', state: 'disabled', since: 'switched' },
  ]);
});

it('records what the release itself makes that way, and stops only what is debris', async () => {
  const made = tier('1-x', {
    up: [
      'create unlogged table fast (id integer)',
      'create materialized view later as select 1 as one with no data',
      'alter table t add constraint c check (v >= 0) not enforced',
    ],
    down: [
      'drop table if exists fast',
      'drop materialized view if exists later',
      'alter table t drop constraint if exists c',
    ],
  });
  const done = await rehearsed(made);
  expect(done.problems).toEqual([]);
  expect(done.leftovers.map((one) => `${one.kind} ${one.name}`)).toEqual([
    'constraint c on public.t',
    'materialized view public.later',
    'table public.fast',
  ]);
});

it('counts the column numbers that a cycle burns, and stops a table that has few left', async () => {
  const cycle = tier('1-x', {
    up: ['alter table t add column n integer'],
    down: ['alter table t drop column if exists n'],
  });
  const done = await rehearsed(cycle);
  expect(done.outcome).toBe('passed');
  expect(done.leftovers).toEqual([{ kind: 'columns', name: 'public.t', burned: 1, left: 1596 }]);
  const columns = Array.from({ length: 1500 }, (_, n) => `add c${n} integer`).join(', ');
  const full = [...before, `alter table t ${columns}`, 'alter table t drop column c0'];
  const stopped = await rehearsed(cycle, {}, full);
  expect(stopped.problems).toMatchObject([
    { code: 'COLUMNS_SCARCE', problem: expect.stringContaining('public.t has 96 of 1600 column numbers left') },
  ]);
});

it.each(versions)('reads what can be left behind on version %s, and counts only what is new', async (version) => {
  await withDatabase(version, async (connection) => {
    await runSql(connection, [...before, 'alter table t add constraint old check (v > 0) not valid']);
    await withSession(connection, async (session) => {
      const first = await readConditions(session);
      expect(leftoversBetween(first, await readConditions(session))).toEqual([]);
      await runSql(connection, [
        'alter table t add constraint fresh check (v < 100) not valid',
        'create domain d as integer',
        'alter domain d add constraint positive check (value > 0) not valid',
      ]);
      expect(leftoversBetween(first, await readConditions(session))).toMatchObject([
        { kind: 'constraint', name: 'fresh on public.t', state: 'not valid', since: 'made' },
        { kind: 'constraint', name: 'positive on domain public.d', state: 'not valid' },
      ]);
    });
  });
});
