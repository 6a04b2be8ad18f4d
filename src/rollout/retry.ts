/** How often and how long a tier is tried again while others hold its locks. */
export interface Patience {
  readonly attempts: number;
  /** Milliseconds, over all tries of one tier. */
  readonly budget: number;
  /** Milliseconds before the second try; doubles each time. */
  readonly firstPause: number;
}

/** If a busy table is not free for a moment within a minute, retrying does not help. */
export const defaultPatience: Patience = { attempts: 10, budget: 60_000, firstPause: 200 };

/** Only what the server undid as a whole for the sake of others: lock_not_available, deadlock_detected. */
export function isRetryable(sqlState: string): boolean {
  return sqlState === '55P03' || sqlState === '40P01';
}

/**
 * How long to wait before the next try, or null to give up.
 *
 * Shape   `luck` in [0, 1) spreads the tries of several executors: half of the pause is fixed, half is luck.
 * Units   milliseconds.
 */
export function pauseBefore(
  patience: Patience,
  tried: { readonly attempts: number; readonly elapsed: number; readonly luck: number },
): number | null {
  if (tried.attempts >= patience.attempts) return null;
  const full = Math.min(patience.firstPause * 2 ** (tried.attempts - 1), 5000);
  const pause = full / 2 + (full / 2) * tried.luck;
  return tried.elapsed + pause > patience.budget ? null : pause;
}
