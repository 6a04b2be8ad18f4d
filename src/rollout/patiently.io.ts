import { OneRoofError } from '../core/index.ts';
import { type Session, sqlStateOf } from '../database/index.ts';
import { refusalOf } from '../gate/index.ts';
import { pauseFor } from './attempt.io.ts';
import { readHolders, type TierCall } from './gate-calls.io.ts';
import { notBegun, stayedBusy } from './halt.ts';
import { defaultPatience, isRetryable, pauseBefore, type Patience } from './retry.ts';
import { failed, Undone } from './tier.io.ts';

interface Attempted {
  readonly entry: TierCall;
  /** The session of the run. */
  readonly open: () => Promise<Session>;
  readonly patience: Patience | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onRetry: () => void;
}

/**
 * Tries one transaction as a whole, again while others hold its locks.
 *
 * Errors  ROLLOUT_BUSY after the last try; LOCK_TIMEOUT where no attempt has begun; SQL_FAILED and its kin; INTERRUPTED; refusals of the gate.
 */
export async function patiently(work: () => Promise<void>, of: Attempted): Promise<void> {
  const { patience = defaultPatience, signal, onRetry } = of;
  const began = performance.now();
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Undone)) throw error;
      const { cause } = error;
      if (refusalOf(cause) !== null || cause instanceof OneRoofError) throw cause;
      const tried = { attempts, elapsed: performance.now() - began, luck: Math.random() };
      const pause = isRetryable(sqlStateOf(cause)) ? pauseBefore(patience, tried) : null;
      if (pause === null) throw await givenUp(error, of, tried);
      onRetry();
      await pauseFor(pause, signal);
    }
  }
}

/** The error of a transaction that is not tried again; where it waited for a lock, with who of the executor's role is in a transaction. */
async function givenUp(
  { cause, at }: Undone,
  { entry, open }: Attempted,
  tried: { readonly attempts: number; readonly elapsed: number },
): Promise<OneRoofError> {
  if (!isRetryable(sqlStateOf(cause))) return failed(cause, { entry, at, holders: [] });
  const holders = await open().then(readHolders, () => []);
  return entry.epoch === '' ? notBegun(cause, holders) : stayedBusy(failed(cause, { entry, at, holders }), tried);
}
