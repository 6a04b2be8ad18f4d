import { createHash, randomBytes } from 'node:crypto';
import { type Connection, id, openSession, sql } from '../../src/database/index.ts';
import { type Version } from '../binaries.io.ts';
import { serverConnection } from '../database.io.ts';

/**
 * Hands over a copy of a database that is made only once per server: to copy it takes a small part of the time that `make` takes. `of` is
 * all that `make` depends on. The template stays until the server of the tests ends.
 */
export async function withCopyOf<T>(
  plan: {
    readonly version: Version;
    readonly of: readonly string[];
    readonly make: (database: Connection) => Promise<void>;
  },
  use: (database: Connection) => Promise<T>,
): Promise<T> {
  const { version, of, make } = plan;
  const template = `made_${createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 16)}`;
  const name = `t_${randomBytes(6).toString('hex')}`;
  // as withDatabase does
  const strategy = Number(version) < 15 ? sql`` : sql` strategy file_copy`;
  const admin = await openSession(serverConnection(version), { applicationName: 'test' });
  try {
    // the workers of a run share the server
    await admin.query(sql`select pg_advisory_lock(hashtext(${template}))`);
    const made = await admin.query(sql`select from pg_database where datname = ${template}`);
    if (made.length === 0) {
      const draft = `${template}_draft`;
      await admin.query(sql`drop database if exists ${id(draft)} with (force)`);
      await admin.query(sql`create database ${id(draft)}${strategy}`);
      await make(serverConnection(version, draft));
      await admin.query(sql`alter database ${id(draft)} rename to ${id(template)}`);
    }
    await admin.query(sql`create database ${id(name)} template ${id(template)}${strategy}`);
    await admin.query(sql`select pg_advisory_unlock(hashtext(${template}))`);
    return await use(serverConnection(version, name));
  } finally {
    await admin.query(sql`drop database if exists ${id(name)} with (force)`).finally(() => admin.close());
  }
}
