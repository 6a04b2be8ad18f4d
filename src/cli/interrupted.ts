import { OneRoofError } from '../core/index.ts';

/** What somebody is told who has interrupted a command: that it was cleaned up; but an outcome that is not known is said as it is. */
export function toldAfter(error: unknown, interruption: AbortSignal): unknown {
  const isUnknown = error instanceof OneRoofError && error.code === 'ROLLOUT_UNKNOWN';
  return interruption.aborted && !isUnknown ? interruption.reason : error;
}
