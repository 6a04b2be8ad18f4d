import { join } from 'node:path';
import { type CloneHost } from '../src/clone/index.ts';
import { rehearse } from '../src/rehearsal/index.ts';
import { sealRelease } from '../src/release/index.ts';
import { withHost } from './host.io.ts';
import { clock, compare, type Ratio, time } from './measure.io.ts';
import { dump } from './proof.io.ts';
import { writeRelease, writeSqitch } from './release.io.ts';
import { type Bench, few, type Ground, onPath } from './servers.io.ts';
import { line } from './table.io.ts';

/** What a whole rehearsal costs beside what a careful person does by hand: copy, dump, forward, check, back, dump. */
export async function wholeLines(ground: Ground): Promise<void> {
  const runs = few(ground.runs);
  const release = await sealRelease(writeRelease(join(ground.folder, 'release')));
  const project = writeSqitch(join(ground.folder, 'sqitch'));
  const ours = async (host: CloneHost, method: 'changed blocks' | 'full'): Promise<number> =>
    await clock(async () => {
      const full = method === 'full' ? { full: true as const } : {};
      const { proof, problems } = await rehearse({ release, host, owner: 'bench', ...full });
      if (problems.length > 0 || proof?.method !== method) throw new Error(JSON.stringify({ problems, proof }));
    });
  const against = async (steps: Steps, method: 'changed blocks' | 'full'): Promise<Ratio | string> => {
    const bench = await ground.dumping();
    if (bench === null) return 'no pg_dump with a server of its version';
    if (steps === sqitch && !onPath('sqitch')) return 'sqitch is not installed';
    const host = method === 'changed blocks' ? await ground.modern() : bench;
    return await withHost(host, 'large', (opened) =>
      compare(
        runs,
        () => ours(opened, method),
        () => byHand(bench, { steps, project }),
      ),
    );
  };
  const [bySqitch, byPsql] = ['createdb, Sqitch, 2 dumps', 'createdb, psql, 2 dumps'];
  await line({ name: `rehearsal, 10 N rows, changed blocks / ${bySqitch}`, goal: 1 }, () =>
    against(sqitch, 'changed blocks'),
  );
  await line({ name: `rehearsal, 10 N rows, changed blocks / ${byPsql}`, goal: 1 }, () =>
    against(psql, 'changed blocks'),
  );
  await line({ name: `rehearsal, 10 N rows, full comparisons / ${bySqitch}` }, () => against(sqitch, 'full'));
  await line({ name: `rehearsal, 10 N rows, full comparisons / ${byPsql}` }, () => against(psql, 'full'));
}

interface Place {
  readonly bench: Bench;
  readonly database: string;
  readonly project: string;
}

/** Runs the same SQL forward, checks it, and runs it back. */
type Steps = (place: Place) => void;

/** Copies the database, dumps it, runs the release forward and back, and dumps it again. What it drops at the end is not counted. */
function byHand(bench: Bench, of: { readonly steps: Steps; readonly project: string }): number {
  const database = 'by_hand';
  const began = performance.now();
  client({ bench, database, project: of.project }, 'createdb', ['-T', 'large', database]);
  try {
    dump(bench, database);
    of.steps({ bench, database, project: of.project });
    dump(bench, database);
    return performance.now() - began;
  } finally {
    client({ bench, database, project: of.project }, 'dropdb', [database]);
  }
}

function sqitch(place: Place): void {
  const target = `db:pg:${place.database}`;
  for (const words of [['deploy'], ['verify'], ['revert', '-y']]) client(place, 'sqitch', [...words, target]);
}

function psql(place: Place): void {
  for (const name of ['deploy', 'verify', 'revert'])
    client(place, 'psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', place.database, '-f', `${name}/note.sql`]);
}

/** Runs a client of the server's own version, in the project's folder. */
function client({ bench, project }: Place, command: string, args: readonly string[]): void {
  const { host, user } = bench.server.connection('postgres');
  const env = {
    PATH: `${bench.server.binaries.folder}:${process.env['PATH'] ?? ''}`,
    PGHOST: host,
    PGUSER: user,
    HOME: project,
    SQITCH_FULLNAME: 'Bench',
    SQITCH_EMAIL: 'bench@example.org',
  };
  time(command, args, { cwd: project, env });
}
