import { describe, expect, it } from 'vitest';
import { type Tier, type TierId } from '../../src/release/index.ts';
import { type Digest } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { type GateTimes, tiersLeft, withGateTimes } from '../../src/rehearsal/footprint/gate-time.ts';
import { type Rehearsal, rehearse, type StepMeasure } from '../../src/rehearsal/index.ts';
import { rehearsalText } from '../../src/cli/rehearsal-text.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { type Gated, type GatedPlan, runTier, withGate } from '../gate/cycle.io.ts';
import { note } from '../gate/footprint.io.ts';
import { attemptOn } from '../gate/purpose.io.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';
import { withPlace } from './place.io.ts';

const time = { timeout: 180_000 };

/** A tier in one transaction, one that commits each step, and a barred one; `finalized` takes a while to measure. */
const files = (budgets = ''): NonNullable<GatedPlan['files']> => ({
  'release.yaml': `format: 1
name: timed
title: Timed
database: shop
touches: [public.*]
${budgets}
authors:
  - { name: agent, kind: agent, instructedBy: ira }
metrics:
  slow: a nap
  quick: no time at all
  gated: as slow
invariants:
  greenfield: { quick: 1, gated: 1 }
  finalized: { slow: 1 }
tiers:
  - { id: 1-one, title: One }
  - { id: 2-each, title: Each, transaction: each }
  - { id: 3-barred, title: Barred, barred: not yet }
gates:
  - { id: gated, title: Gated, metric: gated, atLeast: 1, before: 2-each }
`,
  'tiers/1-one/up.sql': 'alter table public.held add column a integer;\ninsert into public.held values (1);\n',
  'tiers/1-one/down.sql': 'alter table public.held drop column a;\ndelete from public.held where i = 1;\n',
  'tiers/2-each/up.sql': 'alter table public.held add column b integer;\ncreate index held_i on public.held (i);\n',
  'tiers/2-each/down.sql': 'drop index if exists public.held_i;\nalter table public.held drop column if exists b;\n',
  'tiers/2-each/check.sql': 'select 1 where public.nap(0.4) = 0\n',
  'tiers/3-barred/up.sql': 'create table public.never (i integer);\n',
  'tiers/3-barred/down.sql': 'drop table public.never;\n',
  'metrics/slow.sql': 'select public.nap(0.6)\n',
  'metrics/quick.sql': 'select 1\n',
  'metrics/gated.sql': 'select public.nap(0.6)\n',
});

const application = [
  'create table public.held (i integer)',
  'create function public.nap(seconds numeric) returns integer stable language plpgsql as $f$begin perform pg_sleep(seconds); return 1; end$f$',
];
/** A gate of which each round of checks takes 1.4 s longer, and to compare the whole schema 1.5 s. */
const slowGate = (text: string): string =>
  text
    .replace(
      /(create function gate\.definers\(\)[^$]*\$gate\$\s*(?:declare\s[^$]*?)?begin)/,
      '$1 perform pg_sleep(1.4);',
    )
    .replace('  there boolean[] :=', '  slept text := pg_sleep(1.5)::text;\n  there boolean[] :=');

const stepsOf = ({ stages }: Rehearsal, stage: string): readonly StepMeasure[] =>
  stages.find((one) => one.stage === stage)?.steps ?? [];
const timesOf = (rehearsal: Rehearsal, stage: string): readonly (readonly [string, number | null | undefined])[] =>
  stepsOf(rehearsal, stage).map(({ tier: id, index, gateMs }) => [`${id} ${index}`, gateMs] as const);

const rehearsed = (
  version: (typeof versions)[number],
  plan: GatedPlan,
  use: (rehearsal: Rehearsal, more: { readonly gated: Gated; readonly dossier: () => string }) => Promise<void> | void,
): Promise<void> =>
  withGate(version, { application, ...plan }, async (gated) => {
    // lets the server count calls
    await runSql(gated.database, [`alter database ${gated.database.database} set track_functions = 'all'`]);
    await withPlace(gated, async (oneroof) => {
      const answer = oneroof('rehearse', 'release', '--golden', '--json');
      const { rehearsal } = JSON.parse(answer.stdout) as { readonly rehearsal: Rehearsal };
      await use(rehearsal, { gated, dossier: () => oneroof('dossier', 'release').stdout });
    });
  });

describe.each(versions)('the time of the gate under locks, on PostgreSQL %s', (version) => {
  it(
    'is measured for each step in both directions, with the metrics of the end, and counts among no statement',
    time,
    () =>
      rehearsed(version, { files: files() }, async (rehearsal, { gated, dossier }) => {
        expect(rehearsal.problems).toEqual([]);
        const up = timesOf(rehearsal, 'forward');
        expect(up.map(([at]) => at)).toEqual(['1-one 1', '1-one 2', '2-each 1', '2-each 2', '3-barred 1']);
        const [one, two, each, end, barred] = up.map(([, ms]) => ms);
        expect(two).toBe(one);
        expect(barred).toBeNull();
        for (const ms of [one, each]) expect(ms).toBeGreaterThan(0);
        // after the last tier that is rolled out, `finalized` is measured
        expect(end).toBeGreaterThan(600);
        const down = timesOf(rehearsal, 'back').filter(([at]) => !at.startsWith('3'));
        expect(down).toHaveLength(4);
        for (const [, ms] of down) expect(ms).toBeGreaterThan(0);
        // a rollout runs the check of a tier while it holds the locks of its last step
        const held = (stage: string, id: string): readonly number[] =>
          stepsOf(rehearsal, stage).flatMap((step) =>
            `${step.tier} ${step.index}` === id
              ? step.locks.filter(({ relation }) => relation === 'public.held').map(({ heldMs }) => heldMs)
              : [],
          );
        expect(Math.min(...held('forward', '2-each 2'))).toBeGreaterThan(400);
        expect(dossier()).toMatch(
          /ACCESS EXCLUSIVE on public\.held from [\d.]+ ms for [\d.]+ ms, of which [\d.]+ ms the gate's own checks/,
        );
        await countsCalls(gated, rehearsal);
      }),
  );

  it('counts against the budget of locks, which the statements alone keep', time, async () => {
    // the negative control: the same release and budget, and a gate that is as quick as it is
    const budget = files('budgets: { lock: 1300ms }');
    const quick = {
      ...budget,
      'tiers/2-each/check.sql': 'select 1 where false\n',
      'metrics/slow.sql': 'select 1\n',
      'metrics/gated.sql': 'select 1\n',
    };
    await rehearsed(version, { files: quick }, ({ problems }) => expect(problems).toEqual([]));
    // a policy that asks for the whole schema does so when a tier is left on its way up
    const plan: GatedPlan = { files: quick, change: slowGate, policy: { drift: 'none' } };
    await rehearsed(version, plan, ({ problems, stages }) => {
      const over = (direction: string, id: string): object => ({
        code: 'BUDGET_LOCK',
        problem: expect.stringMatching(
          new RegExp(
            `^tier ${id} ${direction}: the (ACCESS EXCLUSIVE|SHARE) lock on public\\.held(_i)? was held for \\d{4,} ms, of which \\d{4,} ms the gate's own checks, expected at most 1300 ms$`,
          ),
        ),
        fix: expect.stringContaining('splitting the tier does not make'),
      });
      expect(problems).toMatchObject([
        over('up', '1-one'),
        over('up', '2-each'),
        over('down', '2-each'),
        over('down', '1-one'),
      ]);
      const failed = stages.flatMap(({ stage, outcome }) => (outcome === 'failed' ? [stage] : []));
      expect(failed).toEqual(['twin', 'back']);
      const gate = problems.map(({ problem }) => Number(/of which (\d+) ms/.exec(problem)?.[1]));
      const [one = 0, each = 0, ...down] = gate;
      expect([one >= 2900, each >= 2900, ...down.map((ms) => ms >= 1400 && ms < one)]).toEqual([
        true,
        true,
        true,
        true,
      ]);
    });
  });
});

/** Rolls out what was rehearsed: the server counts how often the gate makes its checks in each tier. */
async function countsCalls(gated: Gated, { footprint }: Rehearsal): Promise<void> {
  const { database, sealed: of } = gated;
  const target = { schema: note(footprint as NonNullable<typeof footprint>) as Digest };
  const statement = await gated.ratify(await gated.ratification({}, target), [gated.people.ana, gated.people.ben]);
  const calls = (): Promise<Readonly<Record<string, number>>> =>
    withSession(database, async (session) => {
      const rows = await session.query<{ name: string; calls: string }>(sql`
        select funcname::text as name, calls::text as calls from pg_stat_user_functions
        where schemaname = 'gate' and funcname in ('look', 'intact_digest', 'definers', 'require_inside')`);
      return Object.fromEntries(rows.map((row) => [row.name, Number(row.calls)]));
    });
  // when a tier is entered, before anything is locked; when it is left; at COMMIT, by versions alone
  const expected = (transactions: readonly number[]): Readonly<Record<string, number>> => {
    const leaves = transactions.reduce((sum, one) => sum + one, 0);
    const looks = leaves + 2 * transactions.length;
    const unharmed = 2 * transactions.length;
    return { look: looks, intact_digest: unharmed, definers: unharmed, require_inside: leaves };
  };
  const { usual, lastOfEach } = tiersLeft;
  await runSql(database, ['select pg_stat_reset()']);
  await gated.as('oneroof_executor', (session) =>
    runTier(session, { gated, statement, direction: 'up', tier: '1-one' }),
  );
  await expect.poll(calls).toEqual(expected([usual]));
  const each = of.release.tiers.find(({ id }) => id === '2-each');
  await attemptOn(
    gated,
    { statement, direction: 'up', tier: '2-each' },
    async ({ begin, enter, step, leave, commit }) => {
      for (const [at, one] of (each?.up ?? []).entries()) {
        await begin();
        await enter();
        await step(at + 1, one.sql);
        if (at === 1) await leave();
        await commit();
      }
    },
  );
  await expect.poll(calls).toEqual(expected([usual, usual, lastOfEach]));
}

it('counts each check as often as the gate makes it, and metrics where it measures them beside those of `always`', () => {
  const each: Tier = {
    ...tier('2-each', { up: ['select 1', 'select 2'], down: ['select 3', 'select 4'] }),
    transaction: 'each',
  };
  const tiers = [tier('1-one', { up: ['select 1'], down: ['select 2'] }), each];
  const { release } = sealed(tiers, {
    invariants: {
      greenfield: { plain: { equals: 1 }, gated: { equals: 0 } },
      finalized: { gated: { equals: 1 } },
      always: {},
    },
    gates: [{ id: 'g', title: 'g', metric: 'gated', expectation: { atLeast: 1 }, before: each.id }] as never,
  });
  const took = ['greenfield', 'finalized'].flatMap((when) => [
    { when, name: 'plain', ms: 1000 },
    { when, name: 'gated', ms: 5000 },
  ]);
  const round = { leaveMs: 10, unharmedMs: 2, commitMs: 1, wholeMs: 100 };
  const step = (id: string, direction: 'up' | 'down', index: number): StepMeasure =>
    ({ tier: id, direction, index, locks: [] }) as never;
  const steps = (['up', 'down'] as const).flatMap((direction) => [
    step('1-one', direction, 1),
    step('2-each', direction, 1),
    step('2-each', direction, 2),
  ]);
  const within = (points: GateTimes['points']): readonly unknown[] =>
    withGateTimes(steps, { points, took }, release).map(({ gateMs }) => gateMs);
  expect(within([])).toEqual(steps.map(() => null));
  const points = (['up', 'down'] as const).flatMap((direction) =>
    (
      [
        ['1-one', null],
        ['2-each', 1],
        ['2-each', null],
      ] as const
    ).map(([id, step]) => ({
      at: { direction, tier: id as TierId, step },
      round: { ...round, wholeMs: direction === 'up' ? 100 : 0 },
    })),
  );
  expect(within(points)).toEqual([113, 13, 123 + 5000, 13 + 1000, 13, 23]);
});

it('is not measured where the database has no gate, and not taken for nothing', async () => {
  const of = tier('1-x', { up: ['create index t_i on t (i)'], down: ['drop index t_i'] });
  const done = await withHost(['create table t (i integer)'], ({ host }) =>
    rehearse({ release: sealed([of]), host, owner: 'test' }),
  );
  expect(done.problems).toEqual([]);
  expect(['forward', 'back'].flatMap((stage) => timesOf(done, stage))).toEqual([
    ['1-x 1', null],
    ['1-x 1', null],
  ]);
  const text = rehearsalText(done, { columns: 200, paint: { good: String, bad: String, quiet: String } as never });
  expect(text).toMatch(/longest lock.*SHARE on public\.t/);
  expect(text).toContain("in a rollout the gate's own checks add time: not measured, the copy has no gate");
});
