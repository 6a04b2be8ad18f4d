import { randomBytes } from 'node:crypto';
import { afterAll } from 'vitest';
import { type Clone, type CloneHost, type DatabaseName, type Golden } from '../../src/clone/index.ts';
import { now } from '../../src/core/index.ts';
import { type Connection, id, literal, openSession, type Session, sql } from '../../src/database/index.ts';
import { runSql, serverConnection } from '../database.io.ts';

/** A clone host over one database of the test server, and the names of the clones that are there now. */
export interface TestHost {
  readonly host: CloneHost;
  readonly clones: Set<string>;
}

/** Where a test host makes its databases. */
export interface Place extends Pick<Clone, 'server' | 'network'> {
  connection(database?: string): Connection;
}

const sharedServer: Place = {
  connection: (database) => serverConnection('18', database),
  server: 'shared',
  network: 'host',
};

/** The databases that the clones of this file are copied from, by their statements: nobody writes to them, so they are made once. */
const sources = new Map<string, Promise<Connection>>();
const dropSource = (admin: Session, { database }: Connection): Promise<unknown> =>
  admin.query(sql`drop database if exists ${id(database)} with (force)`);

afterAll(async () => {
  if (sources.size === 0) return;
  const admin = await openSession(sharedServer.connection('postgres'), { applicationName: 'test' });
  for (const source of await Promise.allSettled(sources.values()))
    if (source.status === 'fulfilled') await dropSource(admin, source.value);
  await admin.close();
  sources.clear();
});

/** A database from the statements. */
async function makeSource(admin: Session, given: { before: readonly string[]; place: Place }): Promise<Connection> {
  const source = given.place.connection(`t_${randomBytes(6).toString('hex')}`);
  await admin.query(sql`create database ${id(source.database)} strategy file_copy`);
  await runSql(source, given.before);
  return source;
}

/** Makes a database from the statements, hands over a host that clones it, and drops the clones. */
export async function withHost<T>(
  before: readonly string[],
  use: (given: TestHost) => Promise<T>,
  place: Place = sharedServer,
): Promise<T> {
  const admin = await openSession(place.connection('postgres'), { applicationName: 'test' });
  const isShared = place === sharedServer;
  const key = before.join(';');
  const making = sources.get(key);
  const made = isShared && making !== undefined ? making : makeSource(admin, { before, place });
  if (isShared) sources.set(key, made);
  try {
    const source = await made;
    const clones = new Set<string>();
    const golden: Golden = {
      provider: 'template',
      generation: 1,
      source: {
        database: source.database,
        systemIdentifier: '1',
        timeline: 1,
        databaseOid: '1',
        serverVersion: admin.serverVersion,
      },
      takenAt: now(),
      proofLevel: 'lineage',
      method: 'copy',
      bytes: 0,
      durationMs: 0,
      database: source.database as DatabaseName,
    };
    const lease = (database: DatabaseName, kept: boolean) => ({
      database,
      owner: 'test',
      createdAt: now(),
      expires: now(),
      purpose: 'test',
      golden: golden.database,
      kept,
    });
    const drop = async (database: string): Promise<void> => {
      await admin.query(sql`drop database if exists ${id(database)} with (force)`);
      clones.delete(database);
    };
    const host: CloneHost = {
      makeGolden: () => Promise.resolve(golden),
      golden: () => Promise.resolve(golden),
      makeClone: async () => {
        const database = `oneroof_${randomBytes(6).toString('hex')}` as DatabaseName;
        await admin.query(sql`create database ${id(database)} template ${id(source.database)} strategy file_copy`);
        // as a real host does: no two clones carry the same mark
        await admin.query(sql`comment on database ${id(database)} is ${literal(`oneroof:${database}`)}`);
        clones.add(database);
        return {
          lease: lease(database, false),
          connection: place.connection(database),
          durationMs: 1,
          method: 'copy',
          server: place.server,
          network: place.network,
        };
      },
      readGolden: (use) => use(source),
      once: (_name, read) => read(),
      keep: (database) => Promise.resolve(lease(database, true)),
      reset: (database) => Promise.resolve(lease(database, false)),
      drop,
      list: () => Promise.resolve([]),
      collectGarbage: () => Promise.resolve([]),
      howToConnect: (database) => `psql ${database}`,
      close: () => Promise.resolve(),
    };
    try {
      return await use({ host, clones });
    } finally {
      for (const name of Array.from(clones)) await drop(name);
    }
  } finally {
    // a server of a test's own goes with all that is in it
    await admin.close();
  }
}
