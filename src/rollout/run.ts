import { type Connection } from '../database/index.ts';
import { type StatementDigest } from '../evidence/index.ts';
import { type Direction, type SealedRelease, type TierId } from '../release/index.ts';
import { type Patience } from './retry.ts';
import { type Epoch, type Execution, type Progress, type RolloutEvent } from './rollout.ts';

/** A run of a ratified release against one database, forward or back. */
export interface RolloutRun {
  readonly sealed: SealedRelease;
  readonly statement: StatementDigest;
  readonly direction: Direction;
  readonly through: TierId | null;
  readonly target: { readonly name: string; readonly executor: Connection };
  readonly patience?: Patience;
  /** Milliseconds that the server lets a silent executor hold its locks. */
  readonly lease?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: RolloutEvent) => void;
  /** Called with the server process of each session that works on it. */
  readonly onSession?: (pid: number) => void;
  /** Keeps a line of the record; a transaction begins only once its intent is kept. */
  readonly record: (execution: Execution) => Promise<void>;
  /** Waits until replicas are near enough for another batch; tells each time that it has to wait. */
  readonly awaitReplicas?: (onWait: () => void) => Promise<void>;
  /** Called with the rows once this attempt has the fence: earlier attempts will never commit anything after that. */
  readonly onFence?: (progress: Progress, epoch: Epoch) => Promise<void>;
}
