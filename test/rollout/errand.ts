import { type Connection } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type Direction } from '../../src/release/index.ts';

/** What a child process is to do, and the boundary at which it ends or stops itself. */
export interface Errand {
  readonly folder: string;
  readonly connection: Connection;
  readonly statement: StatementDigest;
  readonly direction: Direction;
  /** The boundary, from 1; 0: none. */
  readonly boundary: number;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  readonly lease?: number;
}
