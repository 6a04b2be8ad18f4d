import { type Connection } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type Direction, type SealedRelease } from '../../src/release/index.ts';

/** What a child process is to do, and the boundary at which it ends or stops itself. */
export interface RunnerTask {
  /** As it was read: reading it costs a process more than all that it does until it is killed. */
  readonly sealed: SealedRelease;
  readonly connection: Connection;
  readonly statement: StatementDigest;
  readonly direction: Direction;
  /** The last tier to do; null: all of them. */
  readonly through: string | null;
  /** The boundary, from 1; 0: none. */
  readonly boundary: number;
  /** At the boundary, or once what it asks of the server was sent. */
  readonly moment: 'at' | 'sent';
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  readonly lease?: number;
}
