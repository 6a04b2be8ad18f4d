import { now } from '../core/index.ts';
import { type ExecutionReason } from './reason.ts';
import { type Epoch, type Execution } from './rollout.ts';
import { type RolloutRun } from './run.ts';
import { type TierTransaction } from './tier.io.ts';

/** A line of the record of a run, as of now. */
export function executionLine(
  { sealed, target, statement, direction }: RolloutRun,
  of: {
    readonly piece: TierTransaction;
    readonly epoch: Epoch;
    readonly phase: Execution['phase'];
    readonly reason: ExecutionReason | null;
  },
): Execution {
  const { piece, epoch, phase, reason } = of;
  const first = piece.steps[0]?.n ?? 0;
  const what = { release: sealed.release.name, seal: sealed.seal, target: target.name, statement, direction };
  const steps: Execution['steps'] = [first, piece.steps.at(-1)?.n ?? first];
  return { version: 1, ...what, tier: piece.tier.id, steps, epoch, phase, reason, at: now() };
}
