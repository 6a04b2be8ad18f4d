import { type ActivityBoard } from '../activity/index.ts';
import { type Setup } from '../setup/index.ts';
import { type Records } from './records.ts';
import { type State } from './state/index.ts';

/** What every room of the site works with. */
export interface House {
  readonly setup: Setup;
  readonly records: Records;
  /** What runs now. */
  readonly board: ActivityBoard;
  readonly state: State;
  /** Scheme, host and port, as browsers write them. */
  readonly origin: string;
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
}
