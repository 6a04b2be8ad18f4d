import { join } from 'node:path';
import { type Connection, id, openSession, sql } from '../src/database/index.ts';
import { compareData, type DataComparison, type DataSide, markChanges, type Marked } from '../src/fingerprint/index.ts';
import { clock, compare, time } from './measure.io.ts';
import { down, up } from './release.io.ts';
import { type Bench, few, type Ground } from './servers.io.ts';
import { line } from './table.io.ts';

const seeds = ['11', '-7'] as const;

/** What the proof costs: by changed blocks, by reading everything, and by two dumps. */
export async function proofLines(ground: Ground): Promise<void> {
  const { runs } = ground;
  await line({ name: 'proof of a small release, changed blocks: 10 N rows / N rows', goal: 1.2 }, async () => {
    const bench = await ground.modern();
    return await withCopy(bench, 'large', (large) =>
      withCopy(bench, 'small', (small) => compare(runs, large.changed, small.changed)),
    );
  });
  const quick = await line({ name: 'proof, 10 N rows: changed blocks / full comparison', goal: 0.1 }, async () =>
    withCopy(await ground.modern(), 'large', (large) => compare(few(runs), large.changed, large.full)),
  );
  let version = '';
  const dumps = await line({ name: 'full comparison / pg_dump | sha256sum before and after', goal: 1 }, async () => {
    const bench = await ground.dumping();
    if (bench === null) return 'no pg_dump with a server of its version';
    version = String(bench.server.binaries.major);
    return await withCopy(bench, 'large', (large) => compare(few(runs), large.full, () => large.dump() + large.dump()));
  });
  await line({ name: 'changed blocks / both dumps: the product of the two lines above', goal: 0.1 }, async () => {
    if (quick === null || dumps === null) return 'one of its lines is missing';
    return { a: quick.a, b: dumps.b, ratio: quick.ratio * dumps.ratio };
  });
  if (version !== '')
    process.stdout.write(`  (the dumps and what they are compared with: PostgreSQL ${version}; the rest: 18)\n`);
}

async function marking(connection: Connection): Promise<Marked> {
  const session = await openSession(connection, { applicationName: 'bench' });
  return await markChanges(session).finally(() => session.close());
}

interface Copy {
  readonly changed: () => Promise<number>;
  readonly full: () => Promise<number>;
  readonly dump: () => number;
}

/** A copy of a database on which the release went forward and back; before each proof it does so again, which is not counted. */
async function withCopy<T>({ server, admin }: Bench, database: string, use: (copy: Copy) => Promise<T>): Promise<T> {
  const name = `${database}_copy`;
  const connection = server.connection(name);
  await admin.query(sql`create database ${id(name)} template ${id(database)} strategy file_copy`);
  try {
    const since = await marking(connection);
    const before: DataSide = { connection: server.connection(database), since: 'never changed' };
    const prove = (how: { readonly full?: true }) => async (): Promise<number> => {
      await forwardAndBack(connection);
      let found: DataComparison | null = null;
      const took = await clock(async () => {
        found = await compareData(before, { connection, since }, { seeds, ...how });
      });
      check(found, how.full === true ? 'full' : 'changed blocks');
      return took;
    };
    return await use({
      changed: prove({}),
      full: prove({ full: true }),
      dump: () => dump({ server, admin }, name),
    });
  } finally {
    await admin.query(sql`drop database if exists ${id(name)} with (force)`);
  }
}

/** A measurement of a proof that found a difference, or that ran another way, would be one of something else. */
function check(found: DataComparison | null, method: DataComparison['method']): void {
  if (found === null || found.method !== method || found.differences.length > 0 || found.notProven.length > 0)
    throw new Error(`the proof is not the one that was meant: ${JSON.stringify(found)}`);
}

async function forwardAndBack(connection: Connection): Promise<void> {
  const session = await openSession(connection, { applicationName: 'bench', settings: { search_path: 'public' } });
  try {
    for (const statement of [...up, ...down]) await session.run(statement);
  } finally {
    await session.close();
  }
}

/** The milliseconds of one dump through sha256sum. */
export function dump({ server }: Bench, database: string): number {
  const { host, user } = server.connection(database);
  const pipe = '"$0" -h "$1" -U "$2" "$3" | sha256sum';
  const words = [join(server.binaries.folder, 'pg_dump'), host, user, database];
  const { milliseconds, stderr } = time('/bin/sh', ['-c', pipe, ...words]);
  // the shell answers for the last program of the pipe only
  if (stderr !== '') throw new Error(stderr);
  return milliseconds;
}
