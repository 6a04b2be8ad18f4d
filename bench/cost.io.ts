import { join } from 'node:path';
import { type CloneHost } from '../src/clone/index.ts';
import { rehearse } from '../src/rehearsal/index.ts';
import { sealRelease, type SealedRelease } from '../src/release/index.ts';
import { withHost } from './host.io.ts';
import { clock, compare, type Ratio, time } from './measure.io.ts';
import { dump } from './proof.io.ts';
import { fillSchema, inserts, partitions, smallChange, writeTier } from './schema.io.ts';
import { type Bench, few, type Ground, onPath } from './servers.io.ts';
import { line } from './table.io.ts';

const seal = join(import.meta.dirname, 'seal.io.ts');
/** Of the file that is sealed. */
const megabytes = 10;

/** What a rehearsal costs where the release is small and the schema is not, and where the release has many statements. */
export async function costLines(ground: Ground): Promise<void> {
  const runs = few(ground.runs);
  // at the smallest size, where the lines are only shown to work, a tenth
  const share = ground.rows < 100_000 ? 10 : 1;
  const [tables, large] = [3000 / share, 10_000 / share];
  const small = await sealRelease(writeTier(join(ground.folder, 'cost-small'), smallChange));
  await line({ name: 'rehearsal of a small change, 60 tables / createdb, psql, 2 dumps', goal: 1 }, async () => {
    const bench = await ground.dumping();
    if (bench === null) return 'no pg_dump with a server of its version';
    await fillSchema(bench, { database: 'sixty', tables: 60, functions: 0 });
    const modern = await ground.modern();
    await fillSchema(modern, { database: 'sixty', tables: 60, functions: 0 });
    return await withHost(modern, 'sixty', (host) =>
      compare(
        runs,
        () => ours(host, small),
        () => byHand(bench, small),
      ),
    );
  });
  await line({ name: `rehearsal of a small change, ${tables} tables and functions / 60 tables`, goal: 2 }, async () => {
    const modern = await ground.modern();
    await fillSchema(modern, { database: 'thousands', tables, functions: tables });
    return await withHost(modern, 'thousands', (many) =>
      withHost(modern, 'sixty', (host) =>
        pair(
          () => ours(many, small),
          () => ours(host, small),
        ),
      ),
    );
  });
  for (const [name, written] of [
    [`${large / 10} INSERTs`, inserts(large / 10)],
    [`${large} INSERTs`, inserts(large)],
    [`${large / 10} partitions`, partitions(large / 10)],
  ] as const)
    await line({ name: `rehearsal of ${name} / psql -f up and down` }, async () => {
      if (!onPath('psql')) return 'psql is not installed';
      const release = await sealRelease(writeTier(join(ground.folder, `cost-${name.replaceAll(/\W/g, '-')}`), written));
      const modern = await ground.modern();
      return await withHost(modern, 'sixty', (host) =>
        pair(
          () => ours(host, release),
          () => upAndDown(modern, release),
        ),
      );
    });
  await line({ name: `memory of sealing ${megabytes} MB / without it`, unit: 'MiB' }, () =>
    Promise.resolve(sealed(ground)),
  );
}

/** One of each, because each takes long and scatters little beside that. */
async function pair(a: () => Promise<number>, b: () => number | Promise<number>): Promise<Ratio> {
  const [x, y] = [await a(), await b()];
  return { a: x, b: y, ratio: x / y };
}

function ours(host: CloneHost, release: SealedRelease): Promise<number> {
  return clock(async () => {
    const { problems } = await rehearse({ release, host, owner: 'bench' });
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
  });
}

/** What a process takes that seals a file of so many megabytes, beside one that seals a line. */
function sealed({ folder }: Ground): Ratio {
  const rows = Array.from({ length: 10 }, (_, at) => `(${at}, 'some text of some length, as rows of a seed have')`);
  const statement = `insert into made values ${rows.join(',\n  ')};\n`;
  const many = Math.ceil((megabytes * 1_000_000) / statement.length);
  const up = `create table made (id integer, note text);\n`;
  const take = (name: string, more: string): number => {
    const release = writeTier(join(folder, name), { up: up + more, down: 'drop table made;\n' });
    return Number(time(process.execPath, ['--import', 'tsx', seal, release]).stdout);
  };
  const [a, b] = [take('cost-seal-large', statement.repeat(many)), take('cost-seal-small', statement)];
  return { a, b, ratio: a / b };
}

function tool(bench: Bench, command: string, args: readonly string[]): void {
  const { host, user } = bench.server.connection('postgres');
  const own = `${bench.server.binaries.folder}:${process.env['PATH'] ?? ''}`;
  time(command, args, { env: { PATH: own, PGHOST: host, PGUSER: user } });
}

/** Copies a database, runs the release on the copy, and drops it, which is not counted. */
function onCopy(bench: Bench, release: SealedRelease, around: (database: string) => void): number {
  const database = 'by_hand';
  const began = performance.now();
  tool(bench, 'createdb', ['-T', 'sixty', database]);
  try {
    around(database);
    for (const name of ['up', 'down']) {
      const file = join(release.release.folder, 'tiers', '1-bench', `${name}.sql`);
      tool(bench, 'psql', ['-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-d', database, '-f', file]);
    }
    around(database);
    return performance.now() - began;
  } finally {
    tool(bench, 'dropdb', [database]);
  }
}

function byHand(bench: Bench, release: SealedRelease): number {
  return onCopy(bench, release, (database) => dump(bench, database));
}

function upAndDown(bench: Bench, release: SealedRelease): number {
  return onCopy(bench, release, () => undefined);
}
