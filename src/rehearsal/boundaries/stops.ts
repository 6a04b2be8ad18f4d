import { commitsBySteps, type Tier } from '../../release/index.ts';
import { touchedBy } from '../comparison/index.ts';
import { type StepMeasure } from '../tier/index.ts';
import { forwardOrder } from './boundaries.ts';
import { type StopResult } from './boundary.ts';

/** Tiers that commit step by step, so that a rollback may find them half done; in the order of the forward run. */
export function partial(tiers: readonly Tier[]): readonly Tier[] {
  return forwardOrder(tiers).filter(
    (tier) => commitsBySteps(tier) && tier.up.length > 1 && tier.oneWay === null && tier.barred === null,
  );
}

/** After how many steps a rollback is tried: the first, a middle one and the one before the last; with `--full` all of them. */
export function chosenSteps(count: number, full: boolean): readonly number[] {
  if (full) return Array.from({ length: count - 1 }, (_, at) => at + 1);
  return [...new Set([1, Math.floor(count / 2), count - 1])];
}

/** The relations that a tier writes to, in either direction, as it was measured. */
export function writtenBy(tier: Tier, steps: readonly StepMeasure[]): readonly string[] {
  const own = steps.filter((step) => step.tier === tier.id);
  return touchedBy({ touches: [] }, own, null).map(({ relation }) => relation);
}

/** A tier that takes longer is tried only with `--full`. Milliseconds. */
const longest = 60_000;

/** Why a tier is not tried; null if it is. */
export function tooLong(tier: Tier, steps: readonly StepMeasure[], points: readonly number[]): string | null {
  const sum = (some: readonly StepMeasure[]): number => some.reduce((all, { durationMs }) => all + durationMs, 0);
  const own = steps.filter((step) => step.tier === tier.id);
  const up = own.filter(({ direction }) => direction === 'up').slice(0, tier.up.length);
  const down = own.filter(({ direction }) => direction === 'down').slice(0, tier.down.length);
  const all = points.reduce((ms, point) => ms + sum(up.slice(0, point)) + sum(down), 0);
  return all > longest
    ? `its steps would run for ${Math.round(all / 1000)} s: more than is allowed without --full`
    : null;
}

/** The places of one tier that are not proven. */
export function unprovenStops(tier: Tier, points: readonly number[], reason: string): readonly StopResult[] {
  return points.map((step) => ({ tier: tier.id, step, of: tier.up.length, state: 'not proven', reason }));
}
