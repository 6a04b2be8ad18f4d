import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCloneHost } from '../src/clone/index.ts';
import { id, openSession, sql, startTemporaryServer } from '../src/database/index.ts';
import { clock, compare, time } from './measure.io.ts';
import { type Bench, few, type Ground } from './servers.io.ts';
import { line } from './table.io.ts';

/** Tables of the database, and which share of the rows is in the first of them. */
const shapes = [
  { name: '30 tables alike', database: 'alike', first: 1 / 30, goal: 1.1 },
  { name: '90 % of it in one table', database: 'skewed', first: 0.9, goal: 0.8 },
] as const;
const tables = 30;
const jobs = 4;

/** What a golden copy by SQL costs beside the programs that users take for it, an empty cluster included on both sides. */
export async function dumpLines(ground: Ground): Promise<void> {
  for (const { name, database, first, goal } of shapes)
    await line({ name: `dump, 10 N rows, ${name}: golden / pg_dump -Fd -j, pg_restore -j`, goal }, async () => {
      const bench = await ground.dumping();
      if (bench === null) return 'no pg_dump with a server of its version';
      await fillTables(bench, { database, rows: ground.rows * 10, first });
      try {
        return await compare(
          few(ground.runs),
          () => ours(bench, { database }),
          () => theirs(bench, { folder: ground.folder, database }),
        );
      } finally {
        await bench.admin.query(sql`drop database ${id(database)}`);
      }
    });
}

async function fillTables(
  { server, admin }: Bench,
  of: { readonly database: string; readonly rows: number; readonly first: number },
): Promise<void> {
  await admin.query(sql`create database ${id(of.database)}`);
  const session = await openSession(server.connection(of.database), {
    applicationName: 'bench',
    settings: { search_path: 'public' },
  });
  for (let table = 0; table < tables; table += 1) {
    const rows = Math.round(of.rows * (table === 0 ? of.first : (1 - of.first) / (tables - 1)));
    await session.run(`create table t${table} (aid integer not null, bid integer, abalance integer, filler char(84))`);
    await session.run(`insert into t${table} select g, g % 1000, 0, '' from generate_series(1, ${rows}) g`);
    await session.run(`alter table t${table} add primary key (aid)`);
  }
  await session.run('vacuum (freeze, analyze)');
  await session.close();
}

async function ours({ server }: Bench, of: { readonly database: string }): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-golden-'));
  // the server's user reaches it
  chmodSync(folder, 0o755);
  const host = await openCloneHost({
    provider: 'dump',
    dump: server.connection(of.database),
    folder,
    bin: server.binaries.folder,
    jobs,
    maxRate: null,
    maxSnapshotAge: 86_400_000 as never,
  });
  try {
    return await clock(() => host.makeGolden({}));
  } finally {
    await host.close();
    rmSync(folder, { recursive: true });
  }
}

async function theirs({ server }: Bench, of: { readonly folder: string; readonly database: string }): Promise<number> {
  const { binaries } = server;
  const files = join(of.folder, 'dumped');
  const address = (database: string, at = server): readonly string[] => {
    const { host, user } = at.connection(database);
    return ['-h', host, '-U', user, '-d', database];
  };
  const program = (name: string): string => join(binaries.folder, name);
  return clock(async () => {
    const target = await startTemporaryServer({
      binaries,
      settings: {
        full_page_writes: 'off',
        synchronous_commit: 'off',
        autovacuum: 'off',
        max_wal_size: '16GB',
        wal_level: 'minimal',
        max_wal_senders: '0',
      },
    });
    try {
      time(program('pg_dump'), ['-Fd', '-j', String(jobs), '-Z', '0', '-f', files, ...address(of.database)]);
      time(program('pg_restore'), ['-j', String(jobs), ...address('postgres', target), files]);
      time(program('vacuumdb'), ['--analyze-only', '-j', String(jobs), ...address('postgres', target)]);
    } finally {
      rmSync(files, { recursive: true, force: true });
      await target.stop();
    }
  });
}
