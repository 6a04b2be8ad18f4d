import { OneRoofError, stated } from '../core/index.ts';
import {
  type Connection,
  openSession,
  pinnedSettings,
  searchPathOf,
  type Session,
  setAll,
  stepName,
} from '../database/index.ts';
import { type ReleaseSettings } from '../release/index.ts';

/** How long the server lets a silent executor hold its locks. Milliseconds; a step's answer is followed by the next call at once. */
export const executorLease = 30_000;
/** A lock time-out of 0 means none to PostgreSQL, and a rollout never waits without one. Milliseconds. */
const longestLockWait = 2000;

/** What an executor's session is opened for. */
export interface ExecutorPlan {
  readonly applicationName: string;
  readonly write: 'yes' | 'never';
  readonly lease?: number | undefined;
}

/**
 * Opens the executor's session. Time-outs are set before any transaction: inside of one, some have no effect. The gate refuses a session
 * that has set anything else than these.
 *
 * Errors  those of openSession.
 */
export function openExecutor(connection: Connection, settings: ReleaseSettings, plan: ExecutorPlan): Promise<Session> {
  const { applicationName } = plan;
  return openSession(connection, {
    applicationName,
    send: 'ahead',
    timeouts: "server's",
    settings: settingsOf(settings, plan),
  });
}

/** Restores the settings that the gate reset in the previous transaction: each of its steps has the settings of server and database, and its own. */
export async function renewSettings(session: Session, settings: ReleaseSettings, plan: ExecutorPlan): Promise<void> {
  const all = { ...pinnedSettings, ...settingsOf(settings, plan), application_name: plan.applicationName };
  await session.query(setAll(all));
}

/** The name of the session of an attempt: the one that every session shows while ratified SQL runs. */
export const attemptName = stepName;

function settingsOf(settings: ReleaseSettings, plan: ExecutorPlan): Readonly<Record<string, string>> {
  return {
    lock_timeout: String(settings.lockTimeout > 0 ? settings.lockTimeout : longestLockWait),
    statement_timeout: String(settings.statementTimeout),
    // an executor that hangs is undone by the server, so its locks end with its lease
    idle_in_transaction_session_timeout: String(plan.lease ?? executorLease),
    // where the server or the database has one, it would count from BEGIN; the gate sets its own when a tier is entered
    transaction_timeout: '0',
    // an executor that died is noticed while its statement still runs
    client_connection_check_interval: '2s',
    search_path: searchPathOf(settings.searchPath),
    default_transaction_read_only: plan.write === 'never' ? 'on' : 'off',
  };
}

/** Ends what was begun; a session that is broken has ended it by itself. */
export async function undo(session: Session): Promise<void> {
  await session.run('rollback').catch(() => null);
}

/** The error of an interrupted rollout. */
export function rolloutInterrupted(tier: string | null): OneRoofError {
  return new OneRoofError('INTERRUPTED', {
    ...(tier === null
      ? stated`interrupted between two tiers: each tier is applied as a whole or not at all`
      : stated`interrupted in tier ${{ tier }}: uncommitted work was undone`),
    fix: 'run the same command again: it goes on from the present state of the database',
  });
}
