import { type Clone } from '../../clone/index.ts';
import { type Problem, printable } from '../../core/index.ts';
import { type Tier } from '../../release/index.ts';
import { type Comparing, explained, type MarkedClone, withMarkedClone } from '../comparison/index.ts';
import { withReleaseSession } from '../session/index.ts';
import { measureAndJudge, runTier, type StepMeasure, type TierPlan } from '../tier/index.ts';
import { comparePoint, recordPoint } from './boundaries.io.ts';
import { type BoundaryState, forwardOrder } from './boundaries.ts';
import { type StopResult } from './boundary.ts';
import { partial, pointsOf, type StopPoint, stopText, tooLong, unprovenStops, writtenBy } from './stops.ts';

/** What was found within the tiers of a release that commit step by step. */
export interface Stops {
  readonly results: readonly StopResult[];
  readonly problems: readonly Problem[];
}

/** What it takes. */
interface By extends Comparing {
  /** Every step that was measured, in both directions. */
  readonly measured: readonly StepMeasure[];
}

/**
 * Rolls back each tier that commits step by step from some of its steps, like a rollout that stopped there: the executor then runs the
 * whole `down.sql`. On a clone of its own, compared with what was there before the tier.
 */
export async function proveStops(by: By): Promise<Stops> {
  const { release } = by.options.release;
  const wanted = partial(release.tiers);
  const last = wanted.at(-1);
  if (last === undefined) return { results: [], problems: [] };
  return await withMarkedClone(by.options, `steps of ${release.name}`, async (marked) => {
    const all: Stops[] = [];
    for (const tier of forwardOrder(release.tiers)) {
      if (wanted.includes(tier)) all.push(await proveTier(marked, tier, by));
      // after a rollback the next tier would find another state
      const stopped = all.some(({ problems }) => problems.length > 0);
      if (stopped || tier === last) break;
      await runPart(marked.clone, { tier, direction: 'up' }, by);
    }
    const tried = new Set(all.flatMap(({ results }) => results.map(({ tier }) => tier)));
    const untried = wanted.filter(({ id }) => !tried.has(id));
    const reason = 'an earlier tier was not restored from one of its steps';
    return {
      results: [
        ...all.flatMap(({ results }) => results),
        ...untried.flatMap((tier) => unprovenStops(tier, stepsOf(tier, by), reason)),
      ],
      problems: all.flatMap(({ problems }) => problems),
    };
  });
}

function stepsOf(tier: Tier, by: By): readonly StopPoint[] {
  return pointsOf(tier, by.measured, by.options.full === true);
}

async function proveTier(marked: MarkedClone, tier: Tier, by: By): Promise<Stops> {
  const points = stepsOf(tier, by);
  const long = by.options.full === true ? null : tooLong(tier, by.measured, points);
  if (long !== null) return { results: unprovenStops(tier, points, long), problems: [] };
  const was = await recordPoint(marked, writtenBy(tier, by.measured), by);
  if (typeof was === 'string') return { results: unprovenStops(tier, points, was), problems: [] };
  const results: StopResult[] = [];
  for (const [at, point] of points.entries()) {
    const { result, problems } = await prove(marked, { tier, point, was }, by);
    results.push(result);
    if (problems.length === 0) continue;
    const reason = `it was not tried, because the tier is not restored from ${stopText(point)}`;
    return { results: [...results, ...unprovenStops(tier, points.slice(at + 1), reason)], problems };
  }
  return { results, problems: [] };
}

async function prove(
  marked: MarkedClone,
  of: { readonly tier: Tier; readonly point: StopPoint; readonly was: BoundaryState },
  by: By,
): Promise<{ readonly result: StopResult; readonly problems: readonly Problem[] }> {
  const { tier, point, was } = of;
  const { step, batches } = point;
  const place = { tier: tier.id, ...point, of: tier.up.length };
  const where = `a rollback of tier ${tier.id} that was stopped after ${stopText(point)} of ${tier.up.length}`;
  const part = { ...tier, up: tier.up.slice(0, step) };
  const until = batches === undefined ? {} : { until: { step, batches } };
  const or = tier.transaction === 'outside' ? 'give each statement a tier' : 'make the tier `transaction: single`';
  const fix = `the executor then runs the whole down.sql: write tiers/${tier.id}/down.sql so that it works from any step, e.g. with IF EXISTS, or ${or}`;
  const failed = [
    ...(await runPart(marked.clone, { tier: part, direction: 'up', ...until }, by)),
    ...(await runPart(marked.clone, { tier, direction: 'down' }, by)),
  ];
  if (failed.length > 0)
    return {
      result: { ...place, state: 'different', reason: 'down.sql fails there' },
      problems: failed.map((one) => ({ ...one, problem: `${where} fails: ${one.problem}`, fix })),
    };
  const { found, schemas, ...state } = await comparePoint(marked, was, by);
  const problems = explained(found, { code: 'BACK_DIFFERS', level: 'logical', schemas }).map((one) => ({
    ...one,
    problem: printable(`${where} does not restore the previous state: ${one.problem}`),
    fix,
  }));
  return { result: { ...place, ...state }, problems };
}

/** Runs a tier, or its first steps, without its checks, which are for a whole tier. */
async function runPart(
  clone: Clone,
  { tier, direction, ...until }: Pick<TierPlan, 'tier' | 'direction' | 'until'>,
  by: By,
): Promise<readonly Problem[]> {
  const { release } = by.options.release;
  const { settings, invariants } = release;
  const when = `tier ${tier.id} ${direction}`;
  const { problems } = await withReleaseSession(clone.connection, { settings, signal: by.options.signal }, (session) =>
    runTier(session, {
      tier,
      direction,
      limits: null,
      ...until,
      before: async () => {
        if (direction === 'up') return [];
        const expected = invariants.always;
        return (await measureAndJudge(session, release, { expected, when, only: 'expected' })).problems;
      },
    }),
  );
  return problems;
}
