import { expect, it } from 'vitest';
import { type Problem } from '../../src/core/index.ts';
import { openSession, type Session } from '../../src/database/index.ts';
import { openListener } from '../../src/rehearsal/tier/dispatch.io.ts';
import { overBudget, type StepLock } from '../../src/rehearsal/tier/locks.ts';
import { type Rehearsal, rehearse } from '../../src/rehearsal/index.ts';
import { runTier, type TierRehearsal } from '../../src/rehearsal/tier/tier-run.io.ts';
import { type Release, type Tier, type TierId } from '../../src/release/index.ts';
import { runSql, withDatabase } from '../database.io.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';

const before = [
  'create table t (id integer primary key, v integer, w text)',
  'insert into t select g, g % 5 from generate_series(1, 2000) g',
  'create table other (id integer)',
];

const budgets = (one: Partial<Release['budgets']>): Release['budgets'] => ({ lock: null, total: null, ...one });

/** Runs one tier up, for its measures alone. */
async function runUp(session: Session, of: Tier): Promise<TierRehearsal> {
  const { connection } = session;
  const listener = await openListener({ connection, server: 'shared' }, []);
  try {
    const limits = { release: { budgets: budgets({}), allows: {} }, listener };
    const before = (): Promise<readonly Problem[]> => Promise.resolve([]);
    return await runTier(session, { tier: of, direction: 'up', before, limits });
  } finally {
    await listener.session.close();
  }
}

async function rehearsed(of: ReturnType<typeof tier>, more: Partial<Release> = {}): Promise<Rehearsal> {
  return await withHost(before, ({ host }) => rehearse({ release: sealed([of], more), host, owner: 'test' }));
}

/** The locks of one tier's steps, run by itself. */
async function locksOf(of: ReturnType<typeof tier>, given = before): Promise<readonly (readonly StepLock[])[]> {
  return await withDatabase('18', async (connection) => {
    await runSql(connection, given);
    const session = await openSession(connection, { applicationName: 'test', settings: { search_path: 'public' } });
    try {
      const run = await runUp(session, of);
      expect(run.problems).toEqual([]);
      return run.steps.map((step) => step.locks);
    } finally {
      await session.close();
    }
  });
}

const find = (locks: readonly StepLock[] | undefined, relation: string, mode: string): StepLock | undefined =>
  locks?.find((lock) => lock.relation === relation && lock.mode === mode);

it('counts a lock from its step to the end of the transaction, and says whether others could wait for it', async () => {
  const [first, second, third] = await locksOf(
    tier('1-x', {
      up: ['alter table t add column n integer', 'create table made (id integer)', 'select pg_sleep(0.3)'],
      down: [],
    }),
  );
  expect(find(first, 'public.t', 'AccessExclusiveLock')).toMatchObject({ age: 'existing' });
  expect(find(first, 'public.t', 'AccessExclusiveLock')?.heldMs).toBeGreaterThan(300);
  expect(find(second, 'public.made', 'AccessExclusiveLock')).toMatchObject({ age: 'new' });
  expect(third?.filter((lock) => lock.relation === 'public.t')).toEqual([]);
});

it('names the lock on a table that the step drops, and on one that it renames by the name that others use', async () => {
  const [dropped, renamed] = await locksOf(
    tier('1-x', { up: ['drop table other', 'alter table t rename to u'], down: [] }),
  );
  expect(find(dropped, 'public.other', 'AccessExclusiveLock')).toMatchObject({ age: 'existing' });
  expect(find(renamed, 'public.t', 'AccessExclusiveLock')).toMatchObject({ age: 'existing' });
});

it('does not count what a transaction made itself, nor what nobody waits for, against the budget', async () => {
  const harmless = tier('1-x', {
    up: [
      'create table made (id integer)',
      'insert into made values (1)',
      'comment on table t is null',
      'update t set v = v',
    ],
    down: ['drop table if exists made'],
  });
  const done = await rehearsed(harmless, { budgets: budgets({ lock: -1 as never }) });
  // the way up is clean; the rollback drops a table that is there by then
  expect(done.stages.find((one) => one.stage === 'forward')?.problems).toEqual([]);
  expect(done.problems.map((one) => one.problem)).toEqual([
    expect.stringMatching(/^tier 1-x down: the ACCESS EXCLUSIVE lock on public\.made/),
  ]);
});

it('counts a lock behind which only writes wait, and not the time of our own measuring', async () => {
  const indexed = tier('1-x', { up: ['create index t_v on t (v)'], down: ['drop index if exists t_v'] });
  const done = await rehearsed(indexed, { budgets: budgets({ lock: 0 as never }) });
  expect(done.problems).toMatchObject([
    {
      code: 'BUDGET_LOCK',
      problem: expect.stringMatching(/^tier 1-x up: the SHARE lock on public\.t was held for \d+ ms/),
    },
    { code: 'BUDGET_LOCK', problem: expect.stringMatching(/^tier 1-x down: the ACCESS EXCLUSIVE lock on public\.t/) },
  ]);
  const [step] = done.stages.find((one) => one.stage === 'forward')?.steps ?? [];
  const held = find(step?.locks, 'public.t', 'ShareLock')?.heldMs ?? 0;
  // its own time and the COMMIT: one look at the database takes longer
  expect(held).toBeGreaterThanOrEqual(step?.durationMs ?? 0);
});

it('stops a table that is written anew and larger than the budget, and lets the smaller one and a TRUNCATE pass', async () => {
  const anew = tier('1-x', {
    up: ['alter table t alter column v type bigint'],
    down: ['alter table t alter column v type integer'],
  });
  const done = await rehearsed(anew, { budgets: budgets({ rewrite: 1024 as never }) });
  expect(done.problems).toMatchObject([
    { code: 'BUDGET_REWRITE', problem: expect.stringMatching(/^tier 1-x up: public\.t was rewritten, \d+ bytes/) },
    { code: 'BUDGET_REWRITE', problem: expect.stringMatching(/^tier 1-x down: public\.t was rewritten, \d+ bytes/) },
  ]);
  const step = done.stages.find((one) => one.stage === 'forward')?.steps[0];
  expect(step?.largestRewrite).toMatchObject({ relation: 'public.t' });
  expect(step?.largestRewrite?.bytes).toBeGreaterThan(50_000);
  expect((await rehearsed(anew, { budgets: budgets({ rewrite: (2 ** 20) as never }) })).problems).toEqual([]);
  const emptied = tier('1-x', { up: ['truncate other'], down: ['truncate other'] });
  expect((await rehearsed(emptied, { budgets: budgets({ rewrite: 0 as never }) })).problems).toEqual([]);
});

it('sees the locks and the new file of what runs outside of a transaction, by looking at it meanwhile', async () => {
  const slow = [
    ...before,
    'create function slow(integer) returns integer immutable language plpgsql as $$ begin perform pg_sleep(0.0001); return $1; end $$',
  ];
  const [built] = await locksOf(
    tier('1-x', { up: ['create index concurrently t_slow on t (slow(v))'], down: [] }),
    slow,
  );
  const share = find(built, 'public.t', 'ShareUpdateExclusiveLock');
  expect(share).toMatchObject({ age: 'existing' });
  expect(share?.heldMs).toBeGreaterThan(100);
  await withDatabase('18', async (connection) => {
    await runSql(connection, [
      ...before,
      'insert into t select g, 0, repeat($x$y$x$, 900) from generate_series(3000, 9000) g',
    ]);
    const session = await openSession(connection, { applicationName: 'test', settings: { search_path: 'public' } });
    const full = tier('1-x', { up: ['vacuum full t'], down: [] });
    const each = {
      ...full,
      transaction: 'each' as const,
      up: full.up.map((one) => ({ ...one, transactional: false })),
    };
    const run = await runUp(session, each);
    await session.close();
    expect(run.problems).toEqual([]);
    expect(run.steps[0]).toMatchObject({ measured: 'sampled', largestRewrite: { relation: 'public.t' } });
    expect(find(run.steps[0]?.locks, 'public.t', 'AccessExclusiveLock')).toBeDefined();
    const where = { tier: '1-x' as TierId, direction: 'up' as const, budgets: budgets({ lock: 1 as never }) };
    expect(overBudget(run.steps, where)).toMatchObject([{ code: 'BUDGET_LOCK' }]);
  });
});

it('counts what a step wrote in a tier that commits after each step', async () => {
  const each = {
    ...tier('1-x', { up: ['update t set v = 9 where id < 4', 'update t set v = 8 where id < 3'], down: [] }),
    transaction: 'each' as const,
  };
  await withDatabase('18', async (connection) => {
    await runSql(connection, before);
    const session = await openSession(connection, { applicationName: 'test', settings: { search_path: 'public' } });
    const run = await runUp(session, each);
    await session.close();
    expect(run.steps.map((step) => step.rowsByRelation)).toEqual([
      [{ relation: 'public.t', inserted: 0, updated: 3, deleted: 0 }],
      [{ relation: 'public.t', inserted: 0, updated: 2, deleted: 0 }],
    ]);
  });
});

it('tells of each step what only a scan of the catalogue tells, and a name that changes under a lock that is held', async () => {
  const of = tier('1-x', {
    up: [
      'create table made (id integer) partition by range (id)',
      'insert into t values (-1)',
      'create table part partition of made for values from (0) to (9)',
      'create index made_id on only made (id)',
      'alter table made rename to kept',
      'insert into kept values (1)',
      'insert into kept values (2)',
      'truncate t',
      'alter table t alter column v type bigint',
      'insert into t values (-1)',
    ],
    down: [],
  });
  await withDatabase('18', async (connection) => {
    await runSql(connection, before);
    const session = await openSession(connection, { applicationName: 'test', settings: { search_path: 'public' } });
    const { steps, problems } = await runUp(session, of).finally(() => session.close());
    expect(problems).toEqual([]);
    expect(steps.map((step) => step.invalidIndexes)).toEqual(
      of.up.map((_, at) => (at === 3 ? ['public.made_id'] : [])),
    );
    expect(steps.map((step) => step.rewrittenTables)).toEqual(
      of.up.map((_, at) => (at === 7 || at === 8 ? ['public.t'] : [])),
    );
    const written = steps.map((step) => step.rowsByRelation.map(({ relation, inserted }) => [relation, inserted]));
    expect(written.slice(5, 7)).toEqual([[['public.part', 1]], [['public.part', 1]]]);
    expect(find(steps[4]?.locks, 'public.made', 'AccessExclusiveLock')).toBeUndefined();
    expect(find(steps[5]?.locks, 'public.kept', 'RowExclusiveLock')).toMatchObject({ age: 'new' });
  });
});
