import { type ActivityBoard } from '../activity/index.ts';
import { type Setup } from '../setup/index.ts';
import { type Occasion } from '../report/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Records } from './records.ts';
import { type State } from './state/index.ts';

/** Looks at targets, read-only, shared by all visitors. */
export interface Looks {
  /**
   * Report, gate and ratifications of a release on a target, now.
   *
   * Errors  CONFIG_TARGET_UNKNOWN. What cannot be reached is part of the answer.
   */
  occasion(sealed: SealedRelease, target: string): Promise<Occasion>;
  /** Looks anew the next time: for what was changed by us just now. */
  forget(): void;
}

/** What every room of the site works with. */
export interface House {
  readonly setup: Setup;
  readonly records: Records;
  readonly looks: Looks;
  /** What runs now. */
  readonly board: ActivityBoard;
  readonly state: State;
  /** Scheme, host and port, as browsers write them. */
  readonly origin: string;
  /** Told of what went wrong and is not the visitor's business. */
  readonly onProblem: (line: string) => void;
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
}
