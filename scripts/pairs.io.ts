// Judges a folder of migrations twice, pair by pair: by One Roof, and by psql and pg_dump. Prints where they disagree, and what each costs.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { embeddedBinaries, findBinaries, startTemporaryServer } from '../src/database/index.ts';
import { type Court, judge, query, runFile } from './pairs/judge.io.ts';
import { type Pair, pairsOf } from './pairs/layout.ts';
import { rehearseByCommand, rehearsePair } from './pairs/ours.io.ts';
import { emptyAll, fillEmpty } from './pairs/rows.io.ts';
import { type Judged, lineOf, summaryOf } from './pairs/table.ts';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    name: { type: 'string' },
    pg: { type: 'string', default: '18' },
    dump: { type: 'string', default: 'pg_dump' },
    json: { type: 'string' },
    only: { type: 'string', default: '' },
    command: { type: 'string', default: '0' },
  },
});

const usage = `usage: npm run pairs -- --folder DIR [--name PROJECT] [--pg 18] [--dump PG_DUMP] [--json FILE] [--only REGEXP] [--command N]
  --dump     the pg_dump of the server's version; the one on the PATH where absent
  --only     judge those pairs alone whose name matches; the others are still run
  --command  run each N-th pair by the command line, too
`;

/** Judges one pair; without rows where the migration does not take ours. */
async function judgeBoth(ground: Ground, pair: Pair & { readonly down: string }, index: number): Promise<Judged> {
  const { court, database, folder } = ground;
  const connection = { host: court.host, port: 5432, user: 'postgres', database };
  const trial = { database, pair, copy: `${database}_judge` };
  let truth = judge(court, trial);
  if (truth.verdict === 'up fails') {
    await emptyAll(connection);
    truth = judge(court, trial);
  }
  const of = { pair, database, admin: { ...connection, database: 'postgres' }, folder: join(folder, 'release') };
  const ours = await rehearsePair(of);
  const isSample = Number(values.command) > 0 && index % Number(values.command) === 0;
  const command = isSample && ours.verdict !== 'refused' ? rehearseByCommand(of) : null;
  dropGoldens(court);
  return { pair: pair.name, truth, ours, command };
}

/** Takes the database past a migration, and gives what it made some rows; a migration that fails is left out. */
async function advance({ court, database }: Ground, pair: Pair): Promise<void> {
  const connection = { host: court.host, port: 5432, user: 'postgres', database };
  const up = { database, text: pair.up, transaction: pair.transaction };
  if (runFile(court, up) !== null) {
    await emptyAll(connection);
    if (runFile(court, up) !== null) return;
  }
  await fillEmpty(connection);
}

interface Ground {
  readonly court: Court;
  readonly database: string;
  readonly folder: string;
}

/** What the rehearsals left on the server: golden copies. */
function dropGoldens(court: Court): void {
  const names = query(court, 'postgres', `select datname from pg_database where datname like 'oneroof\\_%'`).split(
    '\n',
  );
  for (const name of names.filter((one) => one !== ''))
    query(court, 'postgres', `alter database "${name}" is_template false; drop database "${name}" with (force)`);
}

function filesBelow(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.sql$|metadata\.toml$/.test(name),
  );
  return new Map(names.toSorted().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

async function main(folder: string): Promise<void> {
  const pairs = pairsOf(filesBelow(folder));
  const major = Number(values.pg);
  const binaries = major === 18 ? embeddedBinaries() : findBinaries(major);
  const settings = {
    jit: 'off',
    max_connections: '50',
    ...(major >= 17 ? { summarize_wal: 'on' } : {}),
    ...(major >= 18 ? { file_copy_method: 'clone' } : {}),
  };
  const server = await startTemporaryServer({ binaries, settings });
  const work = mkdtempSync(join(tmpdir(), 'oneroof-pairs-'));
  const all: Judged[] = [];
  try {
    const { host } = server.connection('postgres');
    const beside = join(binaries.folder, 'pg_dump');
    const court = { host, psql: 'psql', dump: values.dump === 'pg_dump' && existsSync(beside) ? beside : values.dump };
    query(court, 'postgres', 'create database base');
    const only = new RegExp(values.only);
    for (const [index, pair] of pairs.entries()) {
      const ground = { court, database: 'base', folder: work };
      if (pair.down !== null && only.test(pair.name)) {
        const judged = await judgeBoth(ground, { ...pair, down: pair.down }, index);
        all.push(judged);
        process.stdout.write(lineOf(judged));
      }
      await advance(ground, pair);
    }
  } finally {
    await server.stop();
    rmSync(work, { recursive: true, force: true });
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, null, 1)}\n`);
    process.stdout.write(summaryOf(values.name ?? basename(folder), all));
  }
  // a GO that is wrong is what must never be
  if (all.some(({ ours, truth }) => ours.verdict === 'GO' && truth.verdict !== 'equal')) process.exitCode = 1;
}

if (values.folder === undefined) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else await main(values.folder);
