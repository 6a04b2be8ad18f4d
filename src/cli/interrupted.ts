import { OneRoofError } from '../core/index.ts';

/**
 * The message after a person interrupted a command: that it was cleaned up; but an outcome that is not known is said as it is, and so is
 * what a command itself says of being interrupted: that signatures are kept, for instance.
 */
export function toldAfter(error: unknown, interruption: AbortSignal): unknown {
  const isSaid = error instanceof OneRoofError && ['ROLLOUT_UNKNOWN', 'INTERRUPTED'].includes(error.code);
  return interruption.aborted && !isSaid ? interruption.reason : error;
}
