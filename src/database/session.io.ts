import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type pg from 'pg';
import { now, OneRoofError, stated } from '../core/index.ts';
import { connectClient } from './client.io.ts';
import { refuseVersion } from './connect-error.ts';
import { type Connection, describe } from './connection.ts';
import { type Notice, type Notification, type StepResult } from './session.ts';
import { noTimeouts, pinnedSettings, setAll } from './settings.ts';
import { type Sql, sql } from './sql.ts';
import { sqlStateOf } from './sqlstate.ts';

/** Rows as lists of texts, as the server sent them. */
export type Rows = readonly (readonly (string | null)[])[];

/** A session that is not closed so long after the server said that it ends it goes on: a function of the application said it. Milliseconds. */
const longestGoodbye = 1000;

/** Notices that are kept until they are asked for: a loop can raise any number. */
const mostNotices = 10_000;

/** One dedicated connection: our own SQL goes through `query`, the author's through `run`. */
export interface Session {
  readonly connection: Connection;
  /** The server's process of this session. */
  readonly pid: number;
  /** `server_version_num`, e.g. 180004. */
  readonly serverVersion: number;
  /** Runs one statement of ours; rows as objects, bigint and numeric as text. */
  query<Row extends object>(statement: Sql): Promise<Row[]>;
  /** Runs statements of ours that take no values in one round trip, and answers with the rows of the first. They are one transaction. */
  script<Row extends object>(statements: readonly Sql[]): Promise<Row[]>;
  /** Runs one statement of the author's, by the extended protocol: exactly one statement, whatever the text holds, for the values of its parameters. Its rows are not kept. */
  run(text: string, values?: readonly (string | null)[]): Promise<StepResult>;
  /** Runs all statements of an author's script, by one message of the simple protocol. Their rows are not kept. */
  runScript(text: string): Promise<void>;
  /** Runs one statement of the author's that returns rows, by the extended protocol, and fetches at most so many of them. */
  rows(text: string, bound: { readonly maxRows: number }): Promise<Rows>;
  /** Notices and notifications since the last call. */
  heard(): { readonly notices: readonly Notice[]; readonly notifications: readonly Notification[] };
  /** Cancels what runs now, by `pg_cancel_backend` from a second connection. */
  cancel(): Promise<void>;
  /** Closes the connection at once: the server continues with unanswered work, which fails here with CONNECTION_LOST. */
  abandon(): void;
  close(): Promise<void>;
}

/** How a session is opened, beside where to. */
export interface SessionOptions {
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** Settings on top of the pinned ones. */
  readonly settings?: Readonly<Record<string, string>>;
  /** `ahead`: a statement goes out while earlier ones are not answered yet; `rows` is not to be had then. Else each waits for its turn. */
  readonly send?: 'ahead' | 'in turn';
  /** `server's`: those of server, database and role count, because the gate refuses a session that brings one of its own. Else there is none. */
  readonly timeouts?: 'none' | "server's";
  /** `kept`: a statement of ours that is sent again is not parsed and planned again. Else each is planned for its values. */
  readonly plans?: 'kept';
}

/**
 * Opens a session with the pinned settings.
 *
 * Errors  those of connectClient; CONNECT_VERSION.
 * Source  docs/decisions/0003-sessions.md.
 */
export async function openSession(connection: Connection, options: SessionOptions): Promise<Session> {
  const notices: Notice[] = [];
  const notifications: Notification[] = [];
  let lost: Error | null = null;
  const client = await connectClient(connection, {
    applicationName: options.applicationName,
    pipeline: options.send === 'ahead',
    listen: (own) => {
      own.on('error', (error) => {
        lost = error;
      });
      own.on('notice', (notice) => {
        if (notices.length === mostNotices) return;
        notices.push({
          severity: notice.severity ?? 'NOTICE',
          code: notice.code ?? '00000',
          message: notice.message ?? '',
          ...(notice.detail === undefined ? {} : { detail: notice.detail }),
        });
      });
      own.on('notification', (message) =>
        notifications.push({ channel: message.channel, payload: message.payload ?? '' }),
      );
    },
  });
  // loaded by the connection; from here on a statement goes out in the turn in which it was asked for
  const { default: driver } = await import('pg');
  // a server that ends a session says so first, and hangs up then
  const explained = async (error: unknown): Promise<unknown> => {
    if (lost === null && /^57P0[1-5]$/.test(sqlStateOf(error))) {
      const waited = AbortSignal.timeout(longestGoodbye);
      await once(client, 'end', { signal: waited }).catch(() => undefined);
      if (lost !== null) return connectionLost(connection, error as Error);
    }
    return lost === null ? error : connectionLost(connection, lost);
  };
  const discarding = async (config: pg.QueryConfig): Promise<pg.QueryResult> => {
    if (lost !== null) throw connectionLost(connection, lost);
    try {
      return await new Promise((resolve, reject) => {
        const asked = new driver.Query<[]>(config);
        // with a listener, the driver keeps no row
        asked.on('row', () => undefined);
        asked.on('end', resolve);
        asked.on('error', reject);
        client.query(asked);
      });
    } catch (error) {
      throw await explained(error);
    }
  };
  const query = async <Row extends object>(statement: Sql): Promise<Row[]> => {
    if (lost !== null) throw connectionLost(connection, lost);
    try {
      const result = await client.query({
        text: statement.text,
        values: [...statement.values],
        queryMode: 'extended',
        ...(options.plans === 'kept' ? { name: nameOf(statement.text) } : {}),
      } as pg.QueryConfig);
      return result.rows as Row[];
    } catch (error) {
      throw await explained(error);
    }
  };
  const script = async <Row extends object>(statements: readonly Sql[]): Promise<Row[]> => {
    if (lost !== null) throw connectionLost(connection, lost);
    try {
      const results = await client.query(statements.map(({ text }) => text).join(';\n'));
      const [first = null] = [results].flat();
      return (first?.rows ?? []) as Row[];
    } catch (error) {
      throw await explained(error);
    }
  };
  const run: Session['run'] = async (text, values = []) => {
    const extended: pg.QueryArrayConfig & { queryMode: 'extended' } = {
      text,
      values: [...values],
      queryMode: 'extended',
      rowMode: 'array',
    };
    const result = await discarding(extended);
    return { command: result.command ?? '', rows: result.rowCount ?? null };
  };
  const runScript = async (text: string): Promise<void> => void (await discarding({ text }));
  const rows = async (text: string, bound: { readonly maxRows: number }): Promise<Rows> => {
    if (lost !== null) throw connectionLost(connection, lost);
    const { default: Cursor } = await import('pg-cursor');
    const cursor = client.query(new Cursor(text, [], { rowMode: 'array' }));
    try {
      const fetched = await cursor.read(bound.maxRows);
      await cursor.close();
      return fetched;
    } catch (error) {
      throw await explained(error);
    }
  };
  try {
    const settings = {
      ...pinnedSettings,
      ...(options.timeouts === "server's" ? {} : noTimeouts),
      ...(options.plans === 'kept' ? { plan_cache_mode: 'force_generic_plan' } : {}),
      ...options.settings,
    };
    await query(setAll(settings));
    const [facts] = await query<{ pid: string; version: string }>(
      sql`select pg_catalog.pg_backend_pid() as pid, pg_catalog.current_setting('server_version_num') as version`,
    );
    const pid = Number(facts?.pid);
    refuseVersion(Number(facts?.version), describe(connection));
    return {
      connection,
      pid,
      serverVersion: Number(facts?.version),
      query,
      script,
      run,
      runScript,
      rows,
      heard: () => ({ notices: notices.splice(0), notifications: notifications.splice(0) }),
      cancel: async () => {
        const second = await openSession(connection, { applicationName: 'oneroof cancel' });
        try {
          await second.query(sql`select pg_catalog.pg_cancel_backend(${pid})`);
        } finally {
          await second.close();
        }
      },
      abandon: () => {
        client.connection.stream.destroy();
      },
      close: async () => {
        await client.end().catch(() => undefined);
      },
    };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** The name of a prepared statement: the server takes 63 bytes. */
function nameOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function connectionLost(connection: Connection, cause: Error): OneRoofError {
  return new OneRoofError('CONNECTION_LOST', {
    ...stated`the connection to ${{ connection: describe(connection) }} was lost at ${{ now: now() }}`,
    fix: "see the server's log, then run the same command again",
    cause,
  });
}
