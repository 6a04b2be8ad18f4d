import { printable } from '../core/index.ts';
import { type AfterStep, type Direction, type Release } from '../release/index.ts';
import { type Progress, remaining, type RolloutResult } from '../rollout/index.ts';

/** What people still do by hand, as the release names it: once all of it is rolled out, or back, and not before. */
export function afterSteps(of: {
  readonly release: Release;
  readonly direction: Direction;
  /** Where the cycle was before the run. */
  readonly progress: Progress;
  readonly result: RolloutResult;
}): readonly AfterStep[] {
  const { release, direction, progress, result } = of;
  if (result.result === 'held') return [];
  const done: readonly string[] = result.result === 'done' ? result.tiers : [];
  if (progress.markers.length + done.length === 0) return [];
  const left = remaining({ release, direction, through: null }, progress).filter(({ tier }) => !done.includes(tier.id));
  return left.length > 0 ? [] : release.after[direction === 'up' ? 'rollout' : 'rollback'];
}

/** The same for people, as the last thing that they read; empty where there is nothing. */
export function afterText(steps: readonly AfterStep[], direction: Direction): string {
  if (steps.length === 0) return '';
  return [
    '',
    `NOT DONE YET. By hand, after the ${direction === 'up' ? 'rollout' : 'rollback'}:`,
    ...steps.map(
      ({ title, run }, index) => `${index + 1}. ${printable(title)}${run === null ? '' : `: ${printable(run)}`}`,
    ),
  ].join('\n');
}
