import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type Connection, id, openSession, type Session, sql } from '../src/database/index.ts';
import { type Version } from './binaries.io.ts';
import { isLong } from './counts.ts';

/** The major versions on which what depends on the version runs: 18, and 15 where it is installed, unless ONEROOF_TEST_VERSIONS names others. */
export const versions = inject('versions');

/** For what does not depend on the version: the first of them, 18 unless others are asked for; in `npm run test:long` all. */
export const newest = isLong ? versions : versions.slice(0, 1);

/** Those of them that have what came with 15. */
export const since15 = versions.filter((version) => Number(version) >= 15);

/** A connection to a database of the shared test server of a major version, as its superuser. */
export function serverConnection(version: Version = '18', database = 'postgres'): Connection {
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
export async function withDatabase<T>(version: Version, use: (connection: Connection) => Promise<T>): Promise<T> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  const admin = await openSession(serverConnection(version), { applicationName: 'test' });
  try {
    // copied as files, which costs a third of the processor time of what a server logs; only 14 does not know another way
    const strategy = Number(version) < 15 ? sql`` : sql` strategy file_copy`;
    await admin.query(sql`create database ${id(name)}${strategy}`);
    // as it is from 15 on; what an open schema does has a test of its own
    if (Number(version) < 15)
      await runSql(serverConnection(version, name), ['revoke create on schema public from public']);
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
