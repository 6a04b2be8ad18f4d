import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, type Session } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type SealedRelease } from '../../src/release/index.ts';
import { withSession } from '../database.io.ts';
import { type GatedPlan, withGate } from '../gate/cycle.io.ts';
import { threeTiers } from '../release/three.fixture.ts';
import { type RunnerTask } from './runner-task.ts';
import { type Version } from '../binaries.io.ts';

/** Each tier tells in a table of its own that it was run. */
export const files = threeTiers({
  touches: 'public.told',
  also: Object.fromEntries(
    ['1 up', '1 down', '2 up', '2 down', '3 up', '3 down'].map((what) => [what, `insert into told values ('${what}')`]),
  ),
});

/** A database with a gate, a sealed release in a folder, and a way to ratify it. */
export interface RolloutFixture {
  readonly database: Connection;
  /** As the executor. */
  readonly connection: Connection;
  readonly sealed: SealedRelease;
  /** As the superuser. */
  readonly session: Session;
  /** Ratifies the release by so many persons; two are enough. */
  submit(persons?: 1 | 2): Promise<StatementDigest>;
}

/** Makes a ground, hands it over, and takes it away; `change` takes a safeguard out of the gate. */
export function withRolloutFixture<T>(
  version: Version,
  use: (ground: RolloutFixture) => Promise<T>,
  {
    more = [],
    ...plan
  }: Pick<GatedPlan, 'change' | 'database' | 'files' | 'owned'> & {
    /** More of the application. */
    readonly more?: readonly string[];
  } = {},
): Promise<T> {
  const application = [
    'create table base (id integer)',
    'insert into base values (1)',
    'create table told (what text)',
    ...more,
  ];
  return withGate(version, { files, ...plan, application }, async (gated) => {
    const { database, sealed, people } = gated;
    return await withSession(database, async (session) => {
      const submit = async (persons: 1 | 2 = 2): Promise<StatementDigest> =>
        await gated.ratify(await gated.ratification(), [people.ana, people.ben].slice(0, persons));
      return await use({
        database,
        connection: { ...database, user: 'oneroof_executor' },
        sealed,
        session,
        submit,
      });
    });
  });
}

/** A process of the built executor on a task. */
export interface Runner {
  readonly pid: number;
  readonly ended: Promise<{ readonly signal: string | null; readonly told: string }>;
}

/** Processes that have loaded the executor already, so that a task costs no start. */
export interface Runners {
  /** Sends the next one on its way, and makes another ready meanwhile. */
  start(task: RunnerTask): Runner;
}

/** Keeps two processes ready, hands them out, and ends those that nobody took. */
export async function withRunners<T>(use: (runners: Runners) => Promise<T>): Promise<T> {
  if (!existsSync(join(import.meta.dirname, '..', '..', 'dist', 'rollout', 'index.js')))
    throw new Error('the executor is not built: npm run build');
  const ready = [launch(), launch()];
  try {
    return await use({
      start: (task) => {
        const child = ready.shift() ?? launch();
        ready.push(launch());
        let told = '';
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (told += String(chunk)));
        const ended = new Promise<{ signal: string | null; told: string }>((resolve) =>
          child.once('close', (_code, signal) => resolve({ signal, told })),
        );
        child.stdin.write(`${JSON.stringify(task)}\n`);
        return { pid: child.pid ?? 0, ended };
      },
    });
  } finally {
    for (const child of ready) child.kill('SIGKILL');
  }
}

function launch(): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'runner.mjs')]);
  // it may be killed before it has read its task
  child.stdin.on('error', () => undefined);
  return child;
}
