import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type Connection, id, openSession, type Session, sql } from '../src/database/index.ts';

/** The major versions that the tests run on: 18 always, 15 where it is installed. */
export const versions = (['18', '15'] as const).filter((version) => inject('servers')[version] !== null);

/** A connection to a database of the shared test server of a major version, as its superuser. */
export function serverConnection(version: '18' | '15' = '18', database = 'postgres'): Connection {
  const host = inject('servers')[version];
  if (host === null) throw new Error(`PostgreSQL ${version} is not installed here`);
  return { host, port: 5432, user: 'postgres', database };
}

/** Runs SQL (several statements, by one session) as the superuser. */
export async function runSql(connection: Connection, statements: readonly string[]): Promise<void> {
  const session = await openSession(connection, { applicationName: 'test', settings: { search_path: 'public' } });
  try {
    for (const statement of statements) await session.run(statement);
  } finally {
    await session.close();
  }
}

/** Makes an empty database, hands it over, drops it. */
export async function withDatabase<T>(version: '18' | '15', use: (connection: Connection) => Promise<T>): Promise<T> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  const admin = await openSession(serverConnection(version), { applicationName: 'test' });
  try {
    await admin.query(sql`create database ${id(name)}`);
    return await use(serverConnection(version, name));
  } finally {
    await admin.query(sql`drop database if exists ${id(name)} with (force)`).finally(() => admin.close());
  }
}

/** Opens a session, hands it over, closes it. */
export async function withSession<T>(connection: Connection, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(connection, { applicationName: 'test' });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
