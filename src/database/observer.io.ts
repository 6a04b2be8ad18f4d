import { isNonEmpty, type Milliseconds, OneRoofError, printable, stated } from '../core/index.ts';
import { type Connection, describe } from './connection.ts';
import { type Harmless } from './observer.ts';
import { definerFunctions, ownCounters, waysToWrite } from './observer.sql.ts';
import { type Rows, type Session, openSession } from './session.io.ts';
import { searchPathOf, type Sql, sql } from './sql.ts';

/** A reading of the database as it was at one moment. Valid only inside `snapshot`. */
export interface Snapshot {
  readonly serverVersion: number;
  /** Runs one SELECT of the author's through a cursor; fetches at most `maxRows` + 1 rows, so that an endless one is bounded. */
  read(text: string, bound: { readonly maxRows: number }): Promise<Rows>;
  /** Runs one statement of ours. */
  query<Row extends object>(statement: Sql): Promise<Row[]>;
}

/** A session that cannot write: every reading is a READ ONLY transaction of its own, rolled back at its end. */
export interface Observer {
  readonly connection: Connection;
  readonly serverVersion: number;
  readonly role: string;
  readonly standby: boolean;
  /** SECURITY DEFINER functions that the role may call: they run with their owner's rights, so a person should know them. */
  readonly definerFunctions: readonly string[];
  /** Reads inside one REPEATABLE READ READ ONLY transaction. A failing read does not end it: the next read works. */
  snapshot<T>(use: (reading: Snapshot) => Promise<T>): Promise<T>;
  /** Cancels what runs now. */
  cancel(): Promise<void>;
  /**
   * Ends the session and reports what it did.
   *
   * Errors  OBSERVER_WROTE when a counter is not zero.
   */
  close(): Promise<Harmless>;
}

/** How an observer is opened, beside where to. */
export interface ObserverOptions {
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** A bound for each statement; 30 seconds where absent. */
  readonly statementTimeout?: Milliseconds;
  /** The release's search path, schema by schema; pg_catalog alone where absent. */
  readonly searchPath?: readonly string[];
  /** Settings of the application's own making that the release gives a value to. */
  readonly custom?: Readonly<Record<string, string>> | undefined;
}

/** A read waits for no one's lock for longer: production's own work goes first. */
const lockTimeout = '2s';

/**
 * Opens a session for looking at production, and refuses a role that could write, with the statement that takes each right away.
 * A standby is accepted with any role: it cannot write.
 *
 * Errors  those of openSession; OBSERVER_CAN_WRITE with every reason.
 * Source  docs/SECURITY.md "Entry == exit".
 */
export async function openObserver(connection: Connection, options: ObserverOptions): Promise<Observer> {
  const session = await openSession(connection, {
    applicationName: options.applicationName,
    settings: {
      ...options.custom,
      default_transaction_read_only: 'on',
      statement_timeout: String(options.statementTimeout ?? 30_000),
      lock_timeout: lockTimeout,
      idle_in_transaction_session_timeout: '5min',
    },
  });
  try {
    const [facts] = await session.query<{ role: string; standby: string }>(
      sql`select current_user as role, pg_is_in_recovery()::text as standby`,
    );
    const standby = facts?.standby === 'true';
    if (!standby) await refuseWriter(session);
    const definers = await session.query<{ name: string }>(definerFunctions());
    return observe(session, {
      role: facts?.role ?? '',
      standby,
      definerFunctions: definers.map(({ name }) => name),
      searchPath: searchPathOf(options.searchPath ?? ['pg_catalog']),
    });
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Refuses before it reads any data. */
async function refuseWriter(session: Session): Promise<void> {
  const ways = await session.query<{ reason: string; fix: string }>(waysToWrite());
  const problems = ways.map(({ reason, fix }) => ({
    code: 'OBSERVER_CAN_WRITE' as const,
    ...stated`${{ connection: describe(session.connection) }} could write: ${{ why: printable(reason) }}`,
    fix: printable(fix),
  }));
  if (isNonEmpty(problems)) throw OneRoofError.of(problems);
}

function observe(
  session: Session,
  facts: Pick<Harmless, 'role' | 'standby' | 'definerFunctions'> & { searchPath: string },
): Observer {
  const { searchPath, ...known } = facts;
  const did = { transactionIdAssigned: false, advisoryLocks: 0, rowsWritten: 0 };
  const count = async (): Promise<void> => {
    const [counters] = await session.query<{ assigned: string; advisory: string; written: string }>(ownCounters());
    did.transactionIdAssigned ||= counters?.assigned !== 'false';
    did.advisoryLocks = Math.max(did.advisoryLocks, Number(counters?.advisory));
    did.rowsWritten = Math.max(did.rowsWritten, Number(counters?.written));
  };
  return {
    connection: session.connection,
    serverVersion: session.serverVersion,
    ...known,
    cancel: () => session.cancel(),
    snapshot: async (use) => {
      await session.query(sql`begin isolation level repeatable read read only`);
      try {
        const value = await use({
          serverVersion: session.serverVersion,
          query: (statement) => session.query(statement),
          read: (text, bound) => readBounded(session, { text, searchPath, maxRows: bound.maxRows, count }),
        });
        await count();
        return value;
      } finally {
        // never a commit: what a read did against all expectation (a notification, a large object) goes with it
        await session.query(sql`rollback`);
      }
    },
    close: async () => {
      try {
        await count();
      } finally {
        await session.close();
      }
      const harmless: Harmless = { ...known, ...did };
      if (did.transactionIdAssigned || did.advisoryLocks > 0 || did.rowsWritten > 0) {
        throw new OneRoofError('OBSERVER_WROTE', {
          ...stated`the server's counters show that the read-only session on ${{ connection: describe(session.connection) }} wrote: ${{ writes: accuse(harmless) }}`,
          fix: 'find the function of a metric or check that writes or locks; the transaction was rolled back',
        });
      }
      return harmless;
    },
  };
}

function accuse(did: Harmless): string {
  return [
    did.transactionIdAssigned ? 'a transaction ID was assigned' : '',
    did.advisoryLocks > 0 ? `${did.advisoryLocks} advisory locks were held` : '',
    did.rowsWritten > 0 ? `${did.rowsWritten} rows were written` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

const declare = 'declare oneroof_read no scroll cursor for ';

/**
 * DECLARE CURSOR takes a SELECT or VALUES and nothing else, no data-modifying WITH among it, and the extended protocol takes one statement
 * only: so a text that leaves the transaction (`select 1; commit; drop …`) is refused by the server itself.
 */
async function readBounded(
  session: Session,
  plan: {
    readonly text: string;
    readonly searchPath: string;
    readonly maxRows: number;
    readonly count: () => Promise<void>;
  },
): Promise<Rows> {
  await session.query(sql`savepoint oneroof_read`);
  try {
    await session.query(sql`select pg_catalog.set_config('search_path', ${plan.searchPath}, true)`);
    try {
      await session.run(declare + plan.text);
    } catch (error) {
      throw shifted(error);
    }
    const rows = await session.rows(`fetch ${plan.maxRows + 1} from oneroof_read`, { maxRows: plan.maxRows + 1 });
    // before the rollback, which lets go of locks that end with the transaction
    await plan.count();
    return rows;
  } finally {
    // back to before the read: its cursor, its search path, and a failed state are gone
    await session.query(sql`rollback to savepoint oneroof_read`);
  }
}

/** The server counts from the start of the whole text; the author's begins behind the declaration. */
function shifted(error: unknown): unknown {
  if (error instanceof Error && 'position' in error && typeof error.position === 'string')
    error.position = String(Math.max(1, Number(error.position) - declare.length));
  return error;
}
