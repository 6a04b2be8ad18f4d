import { commitsBySteps, type Tier } from '../../release/index.ts';
import { touchedBy } from '../comparison/index.ts';
import { type StepMeasure } from '../tier/index.ts';
import { forwardOrder } from './boundaries.ts';
import { type StopResult } from './boundary.ts';

/** Tiers that commit step by step, so that a rollback may find them half done; in the order of the forward run. */
export function partial(tiers: readonly Tier[]): readonly Tier[] {
  return forwardOrder(tiers).filter(
    (tier) =>
      commitsBySteps(tier) &&
      (tier.up.length > 1 || tier.batched !== undefined) &&
      tier.oneWay === null &&
      tier.barred === null,
  );
}

/** A place within a tier: after so many steps, or after so many batches of the last of them. */
export interface StopPoint extends Pick<StopResult, 'step' | 'batches'> {}

/** A place in words, e.g. `step 2`, or `4 batches of step 2`. */
export function stopText({ step, batches }: StopPoint): string {
  return batches === undefined ? `step ${step}` : `${batches} ${batches === 1 ? 'batch' : 'batches'} of step ${step}`;
}

/** The places from which a rollback of a tier is tried: between its steps, and after the first and a middle batch of each step that had several. */
export function pointsOf(tier: Tier, measured: readonly StepMeasure[], full: boolean): readonly StopPoint[] {
  const steps = tier.up.length < 2 ? [] : chosenSteps(tier.up.length, full).map((step): StopPoint => ({ step }));
  const own = measured.filter((one) => one.tier === tier.id && one.direction === 'up');
  const batches = tier.up.flatMap((_, at): readonly StopPoint[] => {
    const count = own.find(({ index }) => index === at + 1)?.batches?.count ?? 0;
    return count < 2 ? [] : [...new Set([1, Math.floor(count / 2)])].map((some) => ({ step: at + 1, batches: some }));
  });
  return [...steps, ...batches].toSorted(
    (a, b) => a.step - b.step || (a.batches ?? Infinity) - (b.batches ?? Infinity),
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
export function tooLong(tier: Tier, steps: readonly StepMeasure[], points: readonly StopPoint[]): string | null {
  const sum = (some: readonly StepMeasure[]): number => some.reduce((all, { durationMs }) => all + durationMs, 0);
  const own = steps.filter((step) => step.tier === tier.id);
  const up = own.filter(({ direction }) => direction === 'up').slice(0, tier.up.length);
  const down = own.filter(({ direction }) => direction === 'down').slice(0, tier.down.length);
  const all = points.reduce((ms, point) => ms + sum(up.slice(0, point.step)) + sum(down), 0);
  return all > longest
    ? `its steps would run for ${Math.round(all / 1000)} s: more than is allowed without --full`
    : null;
}

/** The places of one tier that are not proven. */
export function unprovenStops(tier: Tier, points: readonly StopPoint[], reason: string): readonly StopResult[] {
  return points.map((point) => ({ tier: tier.id, ...point, of: tier.up.length, state: 'not proven', reason }));
}
