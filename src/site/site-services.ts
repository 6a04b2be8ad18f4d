import { type ActivityBoard } from '../activity/index.ts';
import { type Setup } from '../setup/index.ts';
import { type ReleaseContext } from '../report/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Records } from './records.ts';
import { type State } from './state/index.ts';

/** Looks at targets, read-only, shared by all visitors. */
export interface TargetReadings {
  /**
   * Report, gate and ratifications of a release on a target, now.
   *
   * Errors  CONFIG_TARGET_UNKNOWN. What cannot be reached is part of the answer.
   */
  occasion(sealed: SealedRelease, target: string): Promise<ReleaseContext>;
  /** Reads again the next time, because this process has just changed something. */
  forget(): void;
}

/** What every room of the site works with. */
export interface SiteServices {
  readonly setup: Setup;
  readonly records: Records;
  readonly looks: TargetReadings;
  /** What runs now. */
  readonly board: ActivityBoard;
  readonly state: State;
  /** Scheme, host and port, as browsers write them. */
  readonly origin: string;
  /** Called with errors that the visitor should not see. */
  readonly onProblem: (line: string) => void;
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
}
