import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { now } from '../src/core/index.ts';
import { type Connection, findBinaries, id, sql } from '../src/database/index.ts';
import { openFolderStore } from '../src/evidence/index.ts';
import { readable } from '../src/evidence-kinds/index.ts';
import { rolloutStage } from '../src/pipeline.io.ts';
import { type SealedRelease, sealRelease } from '../src/release/index.ts';
import { copyOwned, gateIt, owner, ratify, within } from './gated.io.ts';
import { clock, compare, median, type Ratio, time } from './measure.io.ts';
import { type Bench, few, type Ground } from './servers.io.ts';
import { figure, line } from './table.io.ts';

const cli = join(import.meta.dirname, '..', 'dist', 'cli', 'main.io.js');

/** A hundred statements as a migration has them: each is done before its answer is on its way. */
const small = Array.from({ length: 20 }, (_, at) => [
  `create table t${at} (id integer primary key, note text)`,
  `create index on t${at} (note)`,
  `insert into t${at} select g, 'note' from generate_series(1, 10) g`,
  `alter table t${at} add column done boolean not null default false`,
  `comment on table t${at} is 'made by the bench'`,
]).flat();

/** Four that read or write the whole table. */
const large = [
  'create table kept as select * from accounts',
  'update accounts set abalance = abalance + 1',
  'create index on accounts (abalance, bid)',
  'alter table accounts alter column bid type bigint',
];

/** What a rollout through the gate costs beside the same SQL in one transaction of psql, and what one signature costs the database. */
export async function rolloutLines(ground: Ground): Promise<void> {
  const kinds = [
    { name: '100 small statements', statements: small, goal: 1.3, runs: ground.runs },
    { name: '4 large statements, N rows', statements: large, goal: 1.05, runs: few(ground.runs) },
  ];
  const submit: number[] = [];
  const closed: number[] = [];
  for (const [at, { name, statements, goal, runs }] of kinds.entries()) {
    const folder = join(ground.folder, `rollout-${at}`);
    const release = await sealRelease(write(join(folder, 'release'), statements));
    const race = async (ours: Ours): Promise<Ratio | string> => {
      const psql = findPsql();
      if (psql === null) return 'no psql';
      const bench = await ground.modern();
      return await compare(
        runs,
        () =>
          withCopy(bench, async (connection) => {
            await gateIt(connection);
            const ratified = await ratify(connection, release);
            submit.push(ratified.submit);
            const asked = await within({ ...connection, user: 'oneroof_observer' }, async (session) => {
              await session.query(sql`select gate.why_closed(${ratified.statement}, 'up')`);
              return clock(() => session.query(sql`select gate.why_closed(${ratified.statement}, 'up')`));
            });
            closed.push(asked);
            return await ours({ connection: { ...connection, user: 'oneroof_executor' }, release, folder });
          }),
        () =>
          withCopy(bench, ({ host, database }) => {
            const file = join(folder, 'release', 'tiers', '1-all', 'up.sql');
            const args = [
              '-X',
              '-q',
              '-1',
              '-v',
              'ON_ERROR_STOP=1',
              '-h',
              host,
              '-U',
              owner,
              '-d',
              database,
              '-f',
              file,
            ];
            return time(psql, args).milliseconds;
          }),
      );
    };
    await line({ name: `rollout: the executor, ${name} / psql -1 -f`, goal }, () => race(inProcess));
    await line({ name: `rollout: oneroof rollout, ${name} / psql -1 -f` }, () => race(asCommand));
  }
  figure({ name: 'gate: one signature handed in and verified by the database' }, median(submit));
  figure({ name: 'gate: whether it is open, asked of the database' }, median(closed));
}

/** Rolls out and says how many milliseconds it took. */
type Ours = (of: {
  readonly connection: Connection;
  readonly release: SealedRelease;
  readonly folder: string;
}) => number | Promise<number>;

const inProcess: Ours = ({ connection, release, folder }) => {
  const store = readable(openFolderStore(join(folder, 'evidence')));
  const course = { sealed: release, store };
  return clock(async () => {
    const [found] = await within(connection, (session) =>
      session.query<{ digest: never }>(sql`select statement as digest from gate.status()`),
    );
    if (found === undefined) throw new Error('the ratification is not there');
    const { result } = await rolloutStage(course, {
      executor: connection,
      target: 'bench',
      statement: found.digest,
      direction: 'up',
      through: null,
    });
    if (result !== 'done') throw new Error(`${now()}: ${result}`);
  });
};

const asCommand: Ours = ({ connection, folder }) => {
  const { host, database } = connection;
  const url = (user: string): string => `postgres://${user}@/${database}?host=${host}`;
  writeFileSync(
    join(folder, 'oneroof.yaml'),
    `targets:\n  bench:\n    url: ${url('oneroof_observer')}\n    executor: { url: '${url('oneroof_executor')}' }\nevidence: evidence\nreports: report\n`,
  );
  return time(process.execPath, [cli, 'rollout', '-C', folder, 'release']).milliseconds;
};

function write(folder: string, statements: readonly string[]): string {
  const tier = join(folder, 'tiers', '1-all');
  mkdirSync(tier, { recursive: true });
  writeFileSync(
    join(folder, 'release.yaml'),
    'format: 1\nname: bench\ntitle: Bench\ndatabase: bench\ntouches: [public.*]\ntiers:\n  - { id: 1-all, title: All, oneWay: the bench drops the database }\n',
  );
  writeFileSync(join(tier, 'up.sql'), statements.map((one) => `${one};\n`).join(''));
  return folder;
}

async function withCopy(bench: Bench, use: (connection: Connection) => number | Promise<number>): Promise<number> {
  const database = 'rolled';
  try {
    return await use(await copyOwned(bench, { source: 'small', database }));
  } finally {
    await bench.admin.query(sql`drop database if exists ${id(database)} with (force)`);
  }
}

/** The psql itself: what a distribution puts on the PATH may be a script that looks for it first. */
function findPsql(): string | null {
  for (const major of [18, 17, 16, 15]) {
    try {
      const psql = join(findBinaries(major).folder, 'psql');
      if (existsSync(psql)) return psql;
    } catch {
      // not installed: the next one
    }
  }
  return null;
}
