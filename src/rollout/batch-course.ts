import { type BatchedStep } from '../gate/index.ts';
import { type BatchesDone, type Progress } from './rollout.ts';

/** Which step. */
type Place = Pick<BatchedStep, 'direction' | 'tier' | 'n'>;

/** How far a step that runs in batches is, by the rows; none of them where it has not begun. */
export function batchesOf({ batches = [] }: Progress, { direction, tier, n }: Place): BatchedStep {
  const found = batches.find((one) => one.direction === direction && one.tier === tier && one.n === n);
  return found ?? { direction, tier, n, batches: 0, keys: 0, expected: null, done: false };
}

/**
 * How far it is, and how long the rest will take at the pace of this run.
 *
 * Shape   `from`: how far it was when this run began with it; `spentMs`: since then.
 */
export function paceOf(
  now: BatchedStep,
  { from, spentMs }: { readonly from: BatchedStep; readonly spentMs: number },
): BatchesDone {
  const { batches, keys, expected } = now;
  const [done, left] = [keys - from.keys, Math.max(0, (expected ?? 0) - keys)];
  return { batches, keys, expected, leftMs: expected === null || done <= 0 ? null : (spentMs / done) * left };
}
