import { formatDuration, type Milliseconds, OneRoofError, printable, stated } from '../core/index.ts';
import { sqlStateOf } from '../database/index.ts';
import { type Direction, type SealedRelease } from '../release/index.ts';
import { type Holder } from './rollout.ts';

/** A server that ends the session while no transaction of ours is open: admin_shutdown and its kin, connection exceptions. */
export function betweenTransactions(error: unknown): unknown {
  if (error instanceof OneRoofError || !/^(57P0[1-5]|08...)$/.test(sqlStateOf(error))) return error;
  return new OneRoofError('CONNECTION_LOST', {
    ...stated`the server ended the session between two transactions: each tier is applied as a whole or not at all`,
    fix: 'run the same command again: it goes on from the present state of the database',
    cause: error,
  });
}

/** Names other sessions of the executor's role that are in a transaction, for people; empty: none. */
export function explainHolders(holders: readonly Holder[]): string {
  return holders
    .map(
      ({ pid, application, since, fence }) =>
        `session ${pid} ("${printable(application)}") has been in a transaction since ${since}${fence ? ' and holds the fence' : ''}`,
    )
    .join('; ');
}

/** The SQL that ends them: the executor's role may end its own sessions. */
export function endHolders(holders: readonly Holder[]): string {
  return holders.map(({ pid }) => `select pg_terminate_backend(${pid});`).join(' ');
}

/** An older attempt's transaction, left open or still running, holds the fence. */
export function notBegun(cause: unknown, holders: readonly Holder[]): OneRoofError {
  const who = explainHolders(holders);
  return new OneRoofError('LOCK_TIMEOUT', {
    ...stated`nothing was begun: an older attempt holds the fence, and the outcome of its tier is unknown until it ends${who === '' ? '' : `: ${who}`}`,
    fix: `with wait_event SyncRep in pg_stat_activity its COMMIT waits for a synchronous standby: fix the standby; otherwise end the session as oneroof_executor or a superuser: ${endHolders(holders) || 'select pg_terminate_backend(PID);'} then run the same command again`,
    cause,
  });
}

/** The error of a transaction that was tried until its time was up: each time others held its locks. */
export function stayedBusy(
  error: OneRoofError,
  { attempts, elapsed }: { readonly attempts: number; readonly elapsed: number },
): OneRoofError {
  const [first] = error.problems;
  const spent = formatDuration(Math.round(elapsed) as Milliseconds);
  const tries = attempts === 1 ? 'once' : `${attempts} times`;
  return new OneRoofError('ROLLOUT_BUSY', {
    ...first,
    problem: `${first.problem}; tried ${tries} in ${spent}, and nothing of it was applied`,
    facts: { ...first.facts, attempts, elapsedMs: Math.round(elapsed) },
    cause: error,
  });
}

/** The error for an unknown outcome, with the place to check. */
export function unknown(what: string, why: string, look: string): OneRoofError {
  return new OneRoofError('ROLLOUT_UNKNOWN', {
    ...stated`${{ moment: what }}: unknown, because ${{ why }}`,
    fix: `check: ${look}`,
  });
}

/**
 * Refuses a release that the gate cannot run to its end.
 *
 * Errors  GATE_STEP_OUTSIDE, for each such step.
 */
export function refuseOutside(of: { readonly sealed: SealedRelease; readonly direction: Direction }): void {
  const { sealed, direction } = of;
  const outside = sealed.release.tiers
    .filter(({ barred, transaction }) => barred === null && transaction !== 'outside')
    .flatMap((tier) => (direction === 'up' ? tier.up : tier.down))
    .filter(({ transactional }) => !transactional);
  OneRoofError.throwIfAny(
    outside.map(({ title, place }) => ({
      code: 'GATE_STEP_OUTSIDE' as const,
      ...stated`${{ title }} cannot run in a transaction, so the gate cannot run it`,
      fix: 'give it a tier of its own with `transaction: outside`',
      place,
    })),
  );
}
