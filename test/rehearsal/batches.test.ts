import { describe, expect, it } from 'vitest';
import { rehearse, type Rehearsal } from '../../src/rehearsal/index.ts';
import { type Tier } from '../../src/release/index.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';

const time = { timeout: 180_000 };
const table = { schema: 'public', table: 'orders' };
const before = [
  'create table public.orders (id integer primary key, status text, touched integer not null default 0)',
  'insert into public.orders (id) select 3 * n from generate_series(1, 950) n',
];

const fill = 'update public.orders set status = $$open$$, touched = touched + 1 where id between $1 and $2';
const empty =
  'update public.orders set status = null, touched = touched - 1 where id between $1 and $2 and touched > 0';

/** A tier whose first statement in each direction runs in batches of a hundred. */
const inBatches = (down: string, by = 'id'): Tier => ({
  ...tier('1-fill', { up: [fill], down: [down] }),
  transaction: 'each',
  batched: { by, rows: 100, up: [table], down: [down.includes('$1') ? table : null] },
});

const rehearsed = (release: readonly Tier[], application = before): Promise<Rehearsal> =>
  withHost(application, async ({ host, clones }) => {
    const rehearsal = await rehearse({ release: sealed(release), host, owner: 'test', keep: 'never' });
    expect([...clones]).toEqual([]);
    return rehearsal;
  });

describe('a rehearsal of batches', () => {
  it(
    'runs them as a rollout does, measures the longest, and proves the rollback from the first and from a half',
    time,
    async () => {
      const { outcome, problems, stages, stops } = await rehearsed([inBatches(empty)]);
      expect(problems).toEqual([]);
      expect(outcome).toBe('passed');
      for (const name of ['forward', 'back'] as const) {
        const steps = stages.find(({ stage }) => stage === name)?.steps ?? [];
        expect(steps).toHaveLength(1);
        const [step] = steps;
        expect(step).toMatchObject({ index: 1, rows: 950, batches: { count: 10, keys: 950 } });
        expect(step?.rowsByRelation).toMatchObject([{ relation: 'public.orders', updated: 950 }]);
        const { longestMs } = step?.batches ?? { longestMs: 0 };
        expect(longestMs).toBeGreaterThan(0);
        expect(longestMs).toBeLessThan(step?.durationMs ?? 0);
        // of a lock the longest batch counts, and not all of them
        const lock = step?.locks.find(({ mode }) => mode === 'RowExclusiveLock');
        expect(lock?.heldMs).toBeGreaterThan(0);
      }
      expect(stops?.map(({ step, batches, of, state }) => ({ step, batches, of, state }))).toEqual([
        { step: 1, batches: 1, of: 1, state: 'equal' },
        { step: 1, batches: 5, of: 1, state: 'equal' },
      ]);
    },
  );

  it('refuses a down that is right for the whole backfill alone', time, async () => {
    const { outcome, problems, stops } = await rehearsed([
      inBatches('update public.orders set status = null, touched = touched - 1'),
    ]);
    expect(outcome).toBe('failed');
    expect(problems.map(({ code, problem }) => `${code} ${problem}`)).toEqual([
      expect.stringMatching(
        /^BACK_DIFFERS a rollback of tier 1-fill that was stopped after 1 batch of step 1 of 1 does not restore/,
      ),
    ]);
    expect(stops).toMatchObject([
      { batches: 1, state: 'different' },
      { batches: 5, state: 'not proven' },
    ]);
  });

  it.each([
    ['may be null', 'alter table public.orders drop constraint orders_pkey, alter column id drop not null'],
    ['is not unique', 'alter table public.orders drop constraint orders_pkey'],
    ['has a type that batches do not have', 'alter table public.orders alter column id type numeric'],
  ])('refuses a key that %s', time, async (_, change) => {
    const { outcome, problems } = await rehearsed([inBatches(empty)], [...before, change]);
    expect(outcome).toBe('failed');
    expect(problems).toMatchObject([{ code: 'RULE_BATCHED', problem: 'id of public.orders bounds no batch' }]);
  });
});
