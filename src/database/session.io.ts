import type pg from 'pg';
import { now, OneRoofError } from '../core/index.ts';
import { connectError, mayFallBack, refuseVersion } from './connect-error.ts';
import { type Connection, describe } from './connection.ts';
import { type Notice, type Notification, type StepResult } from './session.ts';
import { noTimeouts, pinnedSettings, setAll } from './settings.ts';
import { type Sql, sql } from './sql.ts';
import { type Encryption, encryptionOf } from './tls.io.ts';

/** Rows as lists of texts, as the server sent them. */
export type Rows = readonly (readonly (string | null)[])[];

/** One dedicated connection: what we ask goes through `query`, what the author wrote through `run`. */
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
  /** Runs one statement of the author's, by the extended protocol: exactly one statement, whatever the text holds. */
  run(text: string): Promise<StepResult>;
  /** Runs one statement of the author's that returns rows, by the extended protocol, and fetches at most so many of them. */
  rows(text: string, bound: { readonly maxRows: number }): Promise<Rows>;
  /** Notices and notifications since the last call. */
  heard(): { readonly notices: readonly Notice[]; readonly notifications: readonly Notification[] };
  /** Cancels what runs now, by `pg_cancel_backend` from a second connection. */
  cancel(): Promise<void>;
  /** Hangs up at once, whatever is not answered yet: the server goes on with that by itself, and here it fails with CONNECTION_LOST. */
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
}

/**
 * Opens a session with the pinned settings.
 *
 * Errors  CONNECT_REFUSED, CONNECT_PASSWORD, CONNECT_NO_DATABASE, CONNECT_STARTING, CONNECT_TOO_MANY, CONNECT_TLS, CONNECT_VERSION,
 *         CONNECT_FAILED.
 * Source  docs/decisions/0003-sessions.md.
 */
export async function openSession(connection: Connection, options: SessionOptions): Promise<Session> {
  const ways = encryptionOf(connection);
  for (const [index, ssl] of ways.entries()) {
    try {
      return await openWith(connection, { ...options, ssl });
    } catch (error) {
      // only a server that will not encrypt, or wants nothing else, is asked again the other way
      if (index === ways.length - 1 || !mayFallBack(error)) throw error;
    }
  }
  throw new OneRoofError('INTERNAL', { problem: 'no way to connect was tried', fix: 'please report it' });
}

async function openWith(
  connection: Connection,
  options: SessionOptions & { readonly ssl: Encryption },
): Promise<Session> {
  // loaded at the first connection: what is checked offline needs no driver
  const { default: driver } = await import('pg');
  const client = new driver.Client({
    host: connection.host,
    port: connection.port,
    user: connection.user,
    database: connection.database,
    // an empty function result would fall back to PGPASSWORD; the resolver in resolve.io.ts has read that already
    password: () => connection.password?.reveal() ?? '',
    application_name: options.applicationName,
    ssl: options.ssl,
    connectionTimeoutMillis: connection.connectTimeout ?? 10_000,
    keepAlive: true,
    pipeline: options.send === 'ahead',
    types: { getTypeParser: () => (value: string) => value },
  } as pg.ClientConfig);
  const notices: Notice[] = [];
  const notifications: Notification[] = [];
  let lost: Error | null = null;
  client.on('error', (error) => {
    lost = error;
  });
  client.on('notice', (notice) =>
    notices.push({
      severity: notice.severity ?? 'NOTICE',
      code: notice.code ?? '00000',
      message: notice.message ?? '',
    }),
  );
  client.on('notification', (message) =>
    notifications.push({ channel: message.channel, payload: message.payload ?? '' }),
  );
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw connectError(connection, error as Error & { code?: string });
  }
  const query = async <Row extends object>(statement: Sql): Promise<Row[]> => {
    if (lost !== null) throw connectionLost(connection, lost);
    try {
      const result = await client.query({
        text: statement.text,
        values: [...statement.values],
        queryMode: 'extended',
      } as pg.QueryConfig);
      return result.rows as Row[];
    } catch (error) {
      throw lost === null ? error : connectionLost(connection, lost);
    }
  };
  const script = async <Row extends object>(statements: readonly Sql[]): Promise<Row[]> => {
    if (lost !== null) throw connectionLost(connection, lost);
    try {
      const results = await client.query(statements.map(({ text }) => text).join(';\n'));
      const [first = null] = [results].flat();
      return (first?.rows ?? []) as Row[];
    } catch (error) {
      throw lost === null ? error : connectionLost(connection, lost);
    }
  };
  const run = async (text: string): Promise<StepResult> => {
    const extended: pg.QueryArrayConfig & { queryMode: 'extended' } = { text, queryMode: 'extended', rowMode: 'array' };
    if (lost !== null) throw connectionLost(connection, lost);
    try {
      const result = await client.query(extended);
      return { command: result.command ?? '', rows: result.rowCount ?? null };
    } catch (error) {
      throw lost === null ? error : connectionLost(connection, lost);
    }
  };
  const rows = async (text: string, bound: { readonly maxRows: number }): Promise<Rows> => {
    if (lost !== null) throw connectionLost(connection, lost);
    const { default: Cursor } = await import('pg-cursor');
    const cursor = client.query(new Cursor(text, [], { rowMode: 'array' }));
    try {
      const fetched = await cursor.read(bound.maxRows);
      await cursor.close();
      return fetched;
    } catch (error) {
      throw lost === null ? error : connectionLost(connection, lost);
    }
  };
  try {
    const settings = {
      ...pinnedSettings,
      ...(options.timeouts === "server's" ? {} : noTimeouts),
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

function connectionLost(connection: Connection, cause: Error): OneRoofError {
  return new OneRoofError('CONNECTION_LOST', {
    problem: `the connection to ${describe(connection)} was lost at ${now()}`,
    fix: "see the server's log, then run the same command again",
    cause,
  });
}
