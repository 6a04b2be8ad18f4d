import type pg from 'pg';
import { OneRoofError, stated } from '../core/index.ts';
import { connectError, mayFallBack } from './connect-error.ts';
import { type Connection } from './connection.ts';
import { type Encryption, encryptionOf } from './tls.io.ts';

/** How the driver's client is opened, beside where to. */
export interface ClientOptions {
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** A statement goes out while earlier ones are not answered yet. */
  readonly pipeline?: boolean;
  /** Speaks the replication protocol, physically: it is bound to no database. */
  readonly replication?: true;
  /** Adds listeners before the client connects. */
  readonly listen: (client: pg.Client) => void;
}

/**
 * Connects the driver's client, in the ways that the address asks for. Every value arrives as text.
 *
 * Errors  CONNECT_REFUSED, CONNECT_PASSWORD, CONNECT_NO_DATABASE, CONNECT_STARTING, CONNECT_TOO_MANY, CONNECT_TLS, CONNECT_FAILED.
 */
export async function connectClient(connection: Connection, options: ClientOptions): Promise<pg.Client> {
  const ways = encryptionOf(connection);
  for (const [index, ssl] of ways.entries()) {
    try {
      return await connectOnce(connection, { ...options, ssl });
    } catch (error) {
      // only a server that will not encrypt, or wants nothing else, is asked again the other way
      if (index === ways.length - 1 || !mayFallBack(error)) throw error;
    }
  }
  throw new OneRoofError('INTERNAL', { ...stated`no way to connect was tried`, fix: 'please report it' });
}

async function connectOnce(
  connection: Connection,
  options: ClientOptions & { readonly ssl: Encryption },
): Promise<pg.Client> {
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
    pipeline: options.pipeline === true,
    ...(options.replication === true ? { replication: 'true' } : {}),
    types: { getTypeParser: () => (value: string) => value },
  } as pg.ClientConfig);
  options.listen(client);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw connectError(connection, error as Error & { code?: string });
  }
}
