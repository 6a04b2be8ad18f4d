import { type Instant } from '../core/index.ts';
import { type ExecutionReason } from './reason.ts';
import { type Epoch, type Execution } from './rollout.ts';
import { type RolloutRun } from './run.ts';
import { type TierTransaction } from './tier.io.ts';

/** What is told of a transaction. */
interface Told {
  readonly epoch: Epoch;
  readonly phase: Execution['phase'];
  readonly reason: ExecutionReason | null;
  readonly at: Instant;
}

/**
 * Tells the record of each transaction, before it and after it. The batches of a step are told together: their intent before the first one of
 * this run, and what became of the step; a step of a million batches would fill the log.
 */
export class TransactionLines {
  private readonly run: RolloutRun;
  private open: TierTransaction | null = null;

  constructor(run: RolloutRun) {
    this.run = run;
  }

  async tell(piece: TierTransaction, { phase, ...told }: Told): Promise<void> {
    if (piece.batch !== null && phase === 'intent' && this.open === piece) return;
    this.open = phase === 'intent' ? piece : null;
    const { sealed, target, statement, direction } = this.run;
    const first = piece.steps[0]?.n ?? 0;
    const what = { release: sealed.release.name, seal: sealed.seal, target: target.name, statement, direction };
    const steps: Execution['steps'] = [first, piece.steps.at(-1)?.n ?? first];
    await this.run.record({ version: 1, ...what, tier: piece.tier.id, steps, phase, ...told });
  }
}
