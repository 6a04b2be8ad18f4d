import { type Problem, stated } from '../../core/index.ts';
import { type Direction, type Release, type Tier } from '../../release/index.ts';
import { lockedBy, namedByProbes, type SeenLock } from '../footprint/index.ts';
import { type ForwardPlan, type Measurement, type Seen, together } from '../record/index.ts';
import { type JudgedMetrics, measureAndJudge, runChecks, runTier, type TierPlan } from '../tier/index.ts';
import { type Ground, inSession, type WorkClone } from './ground.io.ts';

/** Measures the metrics of the clone, and judges them. */
export async function measureOnClone(ground: Ground, { expected, when }: Measurement): Promise<Seen> {
  const { release, first } = ground;
  // without a metric there is nothing to ask
  if (release.metrics.length === 0) return together();
  const all = { ...release.invariants.always, ...expected };
  return together(
    await inSession(ground, first.clone, (session) => measureAndJudge(session, release, { expected: all, when })),
  );
}

/** Runs one tier, with its checks and what must always hold; `committed` is told of each step that was committed by itself. */
export async function runOne(
  ground: Ground,
  { clone, listener }: WorkClone,
  of: Pick<TierPlan, 'tier' | 'direction' | 'committed'>,
): Promise<Seen> {
  const { release, options } = ground;
  const { tier, direction } = of;
  const { always: expected } = release.invariants;
  const when = `tier ${tier.id} ${direction}`;
  const locks: SeenLock[] = [];
  const measured: JudgedMetrics[] = [];
  const ran = await inSession(ground, clone, async (session) => {
    locks.push(...(await namedByProbes(session, of)));
    return await runTier(session, {
      ...of,
      limits: { release, listener },
      onStep: options.onProgress,
      beforeCommit: async () => void locks.push(...(await lockedBy(session))),
      before: async () => {
        const violated = direction === 'up' ? await runChecks(session, tier) : [];
        if (Object.keys(expected).length === 0) return violated;
        const found = await measureAndJudge(session, release, { expected, when, only: 'expected' });
        measured.push(found);
        return [...violated, ...found.problems];
      },
    });
  });
  const { steps, problems, notifications } = ran;
  return together(
    // what it judges is among the problems of the tier
    ...measured.map(({ metrics, took }) => ({ metrics, took })),
    {
      steps,
      problems,
      notifications: notifications === null ? [] : [notifications],
      locks: [...locks, ...steps.flatMap((step) => step.locks)],
      isStuck: !ran.done,
    },
  );
}

/** Runs tiers one after the other, until one is not committed. */
export async function runTiers(
  ground: Ground,
  on: WorkClone,
  of: { readonly tiers: readonly Tier[]; readonly direction: Direction },
): Promise<Seen> {
  let all = together();
  for (const tier of of.tiers) {
    if (all.isStuck) break;
    all = together(all, await runOne(ground, on, { tier, direction: of.direction }));
  }
  return all;
}

/** Runs the tiers forward on the first clone; `released` is called before the barred ones, if there are any. */
export async function runForward(
  ground: Ground,
  { open, barred }: ForwardPlan,
  released?: () => Promise<void>,
): Promise<Seen> {
  const { first, release } = ground;
  const start = performance.now();
  const ran = await runTiers(ground, first, { tiers: open, direction: 'up' });
  if (ran.isStuck) return ran;
  const slow = overTotal(release, performance.now() - start);
  // finalized speaks of what may be rolled out, so it is judged before the barred tiers run
  const measured = await measureOnClone(ground, { expected: release.invariants.finalized, when: 'finalized' });
  if (barred.length > 0) await released?.();
  return together(ran, { problems: slow }, measured, await runTiers(ground, first, { tiers: barred, direction: 'up' }));
}

function overTotal({ budgets }: Pick<Release, 'budgets'>, totalMs: number): readonly Problem[] {
  const bound = budgets.total;
  if (bound === null || totalMs <= bound) return [];
  return [
    {
      code: 'BUDGET_TOTAL',
      ...stated`the forward run took ${{ tookMs: Math.round(totalMs) }} ms, expected at most ${{ mostMs: bound }} ms`,
      fix: 'make the release faster, or raise budgets.total in release.yaml',
    },
  ];
}
