import { randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Binaries,
  embeddedBinaries,
  findBinaries,
  id,
  openSession,
  type Server,
  type Session,
  sql,
  startTemporaryServer,
} from '../src/database/index.ts';

/** A server of the bench, with a session to administer it. */
export interface Bench {
  readonly server: Server;
  readonly admin: Session;
}

/** What is measured, and on what: all of it is made on first use, and once. */
export interface Ground {
  /** The rows of the database `small`; `large` has ten times as many. */
  readonly rows: number;
  readonly runs: number;
  /** Requests of one measurement of the site. */
  readonly requests: number;
  readonly folder: string;
  /** PostgreSQL 18, with `small` and `large`. */
  readonly modern: () => Promise<Bench>;
  /** PostgreSQL 18 over TCP, as a gate needs it that connects to its own database, with `looped` of five times the rows. */
  readonly looped: () => Promise<Bench & { readonly host: string }>;
  /** The newest server that has a pg_dump beside it, with `large`; null where there is none. */
  readonly dumping: () => Promise<Bench | null>;
  readonly close: () => Promise<void>;
}

/** Prepares the servers without starting them. */
export function openGround(of: Pick<Ground, 'rows' | 'runs' | 'requests' | 'folder'>): Ground {
  const open: Bench[] = [];
  const start = async (
    binaries: Binaries,
    sizes: Readonly<Record<string, number>>,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Bench> => {
    const server = await startTemporaryServer({ binaries, settings: { ...settingsOf(binaries.major), ...more } });
    const admin = await openSession(server.connection('postgres'), { applicationName: 'bench' });
    open.push({ server, admin });
    for (const [database, rows] of Object.entries(sizes)) await fill({ server, admin }, { database, rows });
    return { server, admin };
  };
  const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
    let made: Promise<T> | null = null;
    return () => (made ??= make());
  };
  return {
    ...of,
    modern: once(() => start(embeddedBinaries(), { small: of.rows, large: of.rows * 10 })),
    looped: once(async () => {
      const host = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
      const bench = await start(embeddedBinaries(), { looped: of.rows * 5 }, { listen_addresses: host });
      const file = join(bench.server.data, 'pg_hba.conf');
      const rules = 'host all oneroof_runner 127.0.0.0/8 scram-sha-256\nhost all all 127.0.0.0/8 trust\n';
      writeFileSync(file, rules + readFileSync(file, 'utf8'));
      await bench.admin.query(sql`select pg_reload_conf()`);
      return { ...bench, host };
    }),
    dumping: once(async () => {
      const binaries = withDump();
      return binaries === null ? null : await start(binaries, { large: of.rows * 10 });
    }),
    close: async () => {
      for (const { admin, server } of open) {
        await admin.close();
        await server.stop();
      }
    },
  };
}

/** The same for every server; nothing that runs by itself disturbs a measurement. */
function settingsOf(major: number): Readonly<Record<string, string>> {
  return {
    wal_level: 'replica',
    max_wal_size: '8GB',
    checkpoint_timeout: '1h',
    autovacuum: 'off',
    ...(major >= 17 ? { summarize_wal: 'on' } : {}),
    // where the file system cannot share blocks, the server copies
    ...(major >= 18 ? { file_copy_method: 'clone' } : {}),
  };
}

function withDump(): Binaries | null {
  for (const major of [18, 17, 16, 15]) {
    try {
      const binaries = findBinaries(major);
      if (existsSync(join(binaries.folder, 'pg_dump'))) return binaries;
    } catch {
      // not installed: the next one
    }
  }
  return null;
}

/** Rows as pgbench makes them, 128 bytes each with their header; frozen, so that reading them changes no block. */
async function fill({ server, admin }: Bench, of: { readonly database: string; readonly rows: number }): Promise<void> {
  await admin.query(sql`create database ${id(of.database)}`);
  const session = await openSession(server.connection(of.database), {
    applicationName: 'bench',
    settings: { search_path: 'public' },
  });
  await session.run('create table accounts (aid integer not null, bid integer, abalance integer, filler char(84))');
  await session.run(`insert into accounts select g, (g - 1) / 100000 + 1, 0, '' from generate_series(1, ${of.rows}) g`);
  await session.run('alter table accounts add primary key (aid)');
  await session.run('create sequence numbers');
  await session.run('vacuum (freeze, analyze)');
  await session.run('checkpoint');
  await session.close();
}

/** Large ones are measured less often: their scatter is small beside them. */
export function few(runs: number): number {
  return Math.min(runs, 3);
}

/** Says whether a program is on the PATH. */
export function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '')
    .split(':')
    .some((folder) => existsSync(folder) && readdirSync(folder).includes(program));
}
