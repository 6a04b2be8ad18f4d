import { OneRoofError } from '../core/index.ts';
import { type Connection, openSession, searchPathOf, type Session } from '../database/index.ts';
import { type ReleaseSettings } from '../release/index.ts';

/** How long the server lets a silent executor hold its locks. Milliseconds; a step's answer is followed by the next call at once. */
export const lease = 30_000;
/** A lock time-out of 0 means none to PostgreSQL, and a rollout never waits without one. Milliseconds. */
const longestLockWait = 2000;

/**
 * Opens the executor's session. Time-outs are set before any transaction: inside of one, some have no effect.
 *
 * Errors  those of openSession.
 */
export function openExecutor(
  connection: Connection,
  settings: ReleaseSettings,
  plan: { readonly applicationName: string; readonly write: 'yes' | 'never'; readonly lease?: number },
): Promise<Session> {
  return openSession(connection, {
    applicationName: plan.applicationName,
    send: 'ahead',
    settings: {
      lock_timeout: String(settings.lockTimeout > 0 ? settings.lockTimeout : longestLockWait),
      statement_timeout: String(settings.statementTimeout),
      // an executor that hangs is undone by the server, so its locks end with its lease
      idle_in_transaction_session_timeout: String(plan.lease ?? lease),
      // an executor that died is noticed while its statement still runs
      client_connection_check_interval: '2s',
      search_path: searchPathOf(settings.searchPath),
      default_transaction_read_only: plan.write === 'never' ? 'on' : 'off',
    },
  });
}

/** Ends what was begun; a session that is broken has ended it by itself. */
export async function undo(session: Session): Promise<void> {
  await session.run('rollback').catch(() => null);
}

/** The error of an interrupted rollout. */
export function interrupted(tier: string | null): OneRoofError {
  return new OneRoofError('INTERRUPTED', {
    problem:
      tier === null
        ? 'interrupted between two tiers: each tier is applied as a whole or not at all'
        : `interrupted in tier ${tier}: what had not been committed was undone`,
    fix: 'run the same command again: it goes on where the database stands',
  });
}
