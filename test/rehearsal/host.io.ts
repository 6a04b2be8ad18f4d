import { randomBytes } from 'node:crypto';
import { type Clone, type CloneHost, type DatabaseName, type Golden } from '../../src/clone/index.ts';
import { digest, type Milliseconds, now } from '../../src/core/index.ts';
import { type Connection, id, openSession, sql } from '../../src/database/index.ts';
import {
  type Release,
  type ReleaseName,
  type Seal,
  type SealedRelease,
  type Step,
  type Tier,
  type TierId,
} from '../../src/release/index.ts';
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

/** Makes a database from the statements, hands over a host that clones it, and drops all of it. */
export async function withHost<T>(
  before: readonly string[],
  use: (given: TestHost) => Promise<T>,
  place: Place = sharedServer,
): Promise<T> {
  const admin = await openSession(place.connection('postgres'), { applicationName: 'test' });
  const source = place.connection(`t_${randomBytes(6).toString('hex')}`);
  try {
    await admin.query(sql`create database ${id(source.database)}`);
    await runSql(source, before);
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
      keep: (database) => Promise.resolve(lease(database, true)),
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
    await admin.query(sql`drop database if exists ${id(source.database)} with (force)`).finally(() => admin.close());
  }
}

/** A step as the parser would give it, for SQL that is one statement. */
export function step(text: string, file: string): Step {
  return {
    sql: text,
    digest: digest('step', [text]),
    kind: 'Stmt',
    title: text.split(/\s+/).slice(0, 2).join(' '),
    place: { file, line: 1, column: 1 },
    transactional: !/concurrently/i.test(text),
  };
}

/** A tier from its statements. */
export function tier(id: string, sql: { readonly up: readonly string[]; readonly down: readonly string[] }): Tier {
  return {
    id: id as TierId,
    order: Number(id.split('-')[0]),
    title: id,
    transaction: sql.up.some((text) => /concurrently/i.test(text)) ? 'each' : 'single',
    up: sql.up.map((text) => step(text, `tiers/${id}/up.sql`)),
    down: sql.down.map((text) => step(text, `tiers/${id}/down.sql`)),
    oneWay: null,
    check: [],
    barred: null,
  };
}

/** A sealed release around its tiers. */
export function sealed(tiers: readonly Tier[], more: Partial<Release> = {}): SealedRelease {
  return {
    seal: digest('seal', ['test']) as Seal,
    release: {
      folder: '.',
      name: 'test' as ReleaseName,
      title: 'test',
      summary: '',
      database: 'test',
      touches: ['public.*'],
      varies: [],
      requires: 'logical',
      authors: [],
      settings: {
        lockTimeout: 2000 as Milliseconds,
        statementTimeout: 60_000 as Milliseconds,
        searchPath: ['public'],
        role: null,
      },
      budgets: { lock: null, total: null },
      tiers,
      metrics: [],
      invariants: { greenfield: {}, finalized: {}, always: {} },
      gates: [],
      options: [],
      reviews: [],
      allows: {},
      after: { rollout: [], rollback: [] },
      next: [],
      ...more,
    },
  };
}
