import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onAbort, OneRoofError, printable, readIfThere, truncate, stated } from '../core/index.ts';
import { findBinaries, launchWithout, openSession, type Server, sql, startTemporaryServer } from '../database/index.ts';
import { loadParser, type Parser } from '../release/index.ts';
import { type MigrationProject } from './migration.ts';
import { recordedFile } from './recorded-file.ts';
import { type RepositoryFiles } from './repository.ts';
import { loggedStatements, recordName, sentTexts } from './recorded-log.ts';
import {
  hasWork,
  type Recorded,
  recordedMigrations,
  recordedRuns,
  type RecordedScript,
} from './recorded-migrations.ts';

/** The commands of a tool whose migrations are programs. */
export interface RecordPlan {
  /** Runs one migration, or all that are pending; it is run until it does nothing more. */
  readonly forward: string;
  /** Takes back one, or some; null: no down is recorded. */
  readonly back: string | null;
  /** The commands may use the network of this machine; without it they reach the private server alone. */
  readonly withNetwork: boolean;
  /** Where the commands run. */
  readonly folder: string;
  /** The major version of PostgreSQL, 15 or later: its log is read as JSON. */
  readonly major: number;
  /** The repository, to find the file of a migration by its name. */
  readonly files: RepositoryFiles;
  readonly signal: AbortSignal;
  readonly onProgress: (now: string) => void;
}

const role = 'postgres';
const database = 'recorded';
/** Lines of what a command wrote that are shown where it failed: programs of Ruby say why first, those of Python last. */
const shownLines = { first: 4, last: 6 };
/** A history of more migrations than this has a command that never ends. */
const mostRuns = 5000;

/**
 * Lets a tool run its own migrations on a private server that logs every statement, and reads them from its log. The commands get the address in
 * `DATABASE_URL` and `PGHOST`, `PGPORT`, `PGUSER`, `PGDATABASE`; the role owns the database and is no superuser.
 *
 * Errors  RECORD_FAILED, RECORD_NETWORK, RECORD_NOTHING; SERVER_NO_BINARIES, SERVER_START, INTERRUPTED.
 */
export async function recordProject(plan: RecordPlan): Promise<MigrationProject> {
  const launch = launchOf(plan);
  const parser = await loadParser();
  const server = await startTemporaryServer({
    binaries: findBinaries(plan.major),
    network: 'none',
    superuser: 'oneroof_admin',
    settings: {
      log_destination: 'jsonlog',
      logging_collector: 'on',
      log_directory: 'recorded',
      log_filename: 'log',
      log_rotation_age: '0',
      log_rotation_size: '0',
      log_statement: 'all',
      log_min_error_statement: 'error',
      log_parameter_max_length: '-1',
      jit: 'off',
      full_page_writes: 'off',
    },
  });
  try {
    await prepare(server, plan.major);
    const ups: RecordedScript[] = [];
    const warnings: { file: string; text: string }[] = [];
    const onEnd = (text: string): void => void warnings.push({ file: '', text });
    const forward = await runs(server, {
      plan,
      command: plan.forward,
      prefix: launch,
      direction: 'forward',
      parser,
      into: ups,
      onEnd,
    });
    if (forward.tool === null || ups.length === 0)
      throw new OneRoofError('RECORD_NOTHING', {
        ...stated`${{ command: printable(plan.forward) }} wrote no row into a history that is known`,
        fix: 'let the command connect to DATABASE_URL, or to PGHOST, PGPORT, PGUSER and PGDATABASE; docs/CHECK.md names the tools whose history is known',
      });
    if (forward.left > 0) onEnd(`${forward.left} statements after the last migration belong to none and are left out`);
    const downs: RecordedScript[] = [];
    if (plan.back !== null)
      await runs(server, {
        plan,
        command: plan.back,
        prefix: launch,
        direction: 'back',
        parser,
        into: downs,
        most: ups.length,
        onEnd: () => undefined,
      });
    return {
      tool: forward.tool,
      folder: '',
      knownBy: `what ${printable(plan.forward)} ran`,
      migrations: recordedMigrations({ ups, downs }, (name) => recordedFile(plan.files, name)),
      warnings,
    };
  } catch (error) {
    // Ctrl-C reaches the server and the command too, and what failed with them is no failure of its own
    plan.signal.throwIfAborted();
    throw error;
  } finally {
    await server.stop();
  }
}

async function prepare(server: Server, major: number): Promise<void> {
  const admin = await openSession(server.connection('postgres'), { applicationName: recordName });
  try {
    // before 16 who may make roles may grant itself the right to run programs
    await admin.query(major >= 16 ? sql`create role postgres login createrole` : sql`create role postgres login`);
    await admin.query(sql`create database recorded owner postgres`);
  } finally {
    await admin.close();
  }
}

/** Runs a command until it does nothing more. A failure ends it too: what it had done before counts. */
async function runs(
  server: Server,
  of: {
    readonly plan: RecordPlan;
    readonly command: string;
    readonly prefix: readonly string[];
    readonly direction: 'forward' | 'back';
    readonly parser: Parser;
    readonly into: RecordedScript[];
    readonly most?: number;
    /** The last run failed and had done nothing. */
    readonly onEnd: (text: string) => void;
  },
): Promise<Recorded> {
  const { plan, into } = of;
  let tool: Recorded['tool'] = null;
  let left = 0;
  for (let count = 0; count < mostRuns && into.length < (of.most ?? Infinity); count += 1) {
    plan.signal.throwIfAborted();
    plan.onProgress(`recording ${of.direction === 'forward' ? 'migration' : 'down'} ${into.length + 1}`);
    const from = logOf(server).length;
    const ended = await runCommand(server, { plan, command: of.command, prefix: of.prefix });
    // a command that was ended with us says nothing of a migration
    plan.signal.throwIfAborted();
    await settled(server, plan.signal);
    const log = logOf(server).slice(from);
    const statements = loggedStatements(log, of.parser);
    const recorded = recordedRuns(of.parser, { statements, direction: of.direction });
    into.push(...recorded.runs);
    tool ??= recorded.tool;
    left = recorded.runs.length > 0 ? recorded.left : left;
    if (ended.status !== 0 && recorded.runs.length === 0) {
      // back it may end with an error once nothing is left, and the first migration may refuse to be taken back
      if (of.direction === 'back') break;
      // forward it may say by an error that nothing is left; where it had begun to work, a migration failed
      if (into.length > 0 && !hasWork(of.parser, sentTexts(log))) {
        of.onEnd(
          `${printable(of.command)} ended with ${said(ended)} after ${into.length} migrations, without any work: ${shownOf(ended.talk).at(-1) ?? ''}`,
        );
        break;
      }
      throw new OneRoofError('RECORD_FAILED', {
        ...stated`${{ command: printable(of.command) }} ended with ${{ end: said(ended) }} ${into.length === 0 ? 'before a migration had run' : `after ${into.length} migrations, in the middle of the next`}`,
        fix: 'correct the migration; to see it, run the command by hand against an empty database: it gets the address in DATABASE_URL',
        detail: shownOf(ended.talk),
      });
    }
    if (recorded.runs.length === 0) break;
  }
  return { tool, runs: into, left };
}

/** The beginning and the end of what a command wrote. */
const ends = (talk: string): string => (talk.length <= 16_384 ? talk : talk.slice(0, 4096) + talk.slice(-12_288));

function shownOf(talk: string): readonly string[] {
  const lines = talk.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const { first, last } = shownLines;
  const shown = lines.length <= first + last ? lines : [...lines.slice(0, first), '…', ...lines.slice(-last)];
  return shown.map((line) => truncate(printable(line), 300));
}

function logOf(server: Server): string {
  return readIfThere(join(server.data, 'recorded', 'log.json')) ?? '';
}

/** A log in which nothing arrives for so long is lost: its file is gone, or the process that writes it. Milliseconds. */
const longestLag = 30_000;

/** Waits until the log holds what a session of ours says last: lines of other sessions are written before it. */
async function settled(server: Server, signal: AbortSignal): Promise<void> {
  const mark = `recorded up to here ${process.hrtime.bigint()}`;
  const session = await openSession(server.connection(database), { applicationName: recordName });
  try {
    await session.script([sql`begin`]);
    await session.run(`select '${mark}'`);
    await session.script([sql`rollback`]);
  } finally {
    await session.close();
  }
  const until = performance.now() + longestLag;
  while (!logOf(server).includes(mark)) {
    signal.throwIfAborted();
    if (performance.now() > until)
      throw new OneRoofError('RECORD_FAILED', {
        ...stated`the log of the private server, from which a recording is read, did not grow for ${{ seconds: longestLag / 1000 }} s`,
        fix: 'let the command write to the database only, not to the files of its server, and check the free space; then run it again',
      });
    await sleep(20);
  }
}

/** Variables that would send a program of PostgreSQL elsewhere are not passed on. */
function withoutAddress(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PG')));
}

/**
 * The words before a command that take its network away, so that it reaches no database of another host, whatever its configuration says. Sockets in files of this
 * machine are reached all the same.
 *
 * Errors  RECORD_NETWORK.
 */
function launchOf({ withNetwork }: RecordPlan): readonly string[] {
  if (withNetwork) return [];
  const launch = launchWithout({ runAs: null, major: 18 });
  if (launch.network === 'none') return launch.prefix;
  throw new OneRoofError('RECORD_NETWORK', {
    ...stated`this machine cannot run a command without a network, so the command might reach another database than the private one`,
    fix: 'make sure that its configuration names no other database, and add --record-with-network',
  });
}

/** How a command ended, in words. */
const said = ({ status }: Ended): string => (status === null ? 'a signal' : `status ${status}`);

interface Ended {
  readonly status: number | null;
  readonly talk: string;
}

function runCommand(
  server: Server,
  of: { readonly plan: RecordPlan; readonly command: string; readonly prefix: readonly string[] },
): Promise<Ended> {
  const { host } = server.connection(database);
  const [program = '/bin/sh', ...words] = [...of.prefix, '/bin/sh', '-c', of.command];
  const child = spawn(program, words, {
    cwd: of.plan.folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...withoutAddress(process.env),
      // without a host before the path: Ruby refuses an empty one behind a user, and a name there would win over the socket
      DATABASE_URL: `postgresql:///${database}?host=${encodeURIComponent(host)}&user=${role}`,
      PGHOST: host,
      PGPORT: '5432',
      PGUSER: role,
      PGDATABASE: database,
    },
  });
  let talk = '';
  const keep = (part: Buffer): void => void (talk = ends(talk + String(part)));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const stop = (): void => endGroup(child);
  const stopListening = onAbort(of.plan.signal, stop);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // what it left behind would keep its output open
    child.once('exit', () => endGroup(child));
    child.once('close', (status) => {
      stopListening();
      endGroup(child);
      resolve({ status, talk });
    });
  });
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
