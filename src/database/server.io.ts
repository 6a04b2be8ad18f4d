import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, OneRoofError, readIfThere, stated } from '../core/index.ts';
import { type Binaries } from './binaries.io.ts';
import { type Connection } from './connection.ts';
import { memoryFolder } from './memory-folder.io.ts';
import { launchPlain, launchWithout, type Network } from './network.io.ts';
import { watchdog } from './watchdog.ts';

/** A private server of ours: it listens on a Unix socket in a 0700 folder only, and ends when our process ends, however that ends. */
export interface Server {
  /** The data directory. */
  readonly data: string;
  readonly binaries: Binaries;
  /** What the server reaches, as it was achieved. */
  readonly network: Network;
  /** Connects as the superuser `postgres`. */
  connection(database: string): Connection;
  /** Ends the server hard and waits: its data is of no more use. */
  abandon(): Promise<void>;
  /** What the server has logged since it was started. */
  log(): string;
  /** Stops the server and waits until it has ended; a server that others have joined runs until the last of them has ended. */
  stop(): Promise<void>;
}

/** What a private server needs. */
export interface ServerPlan {
  readonly binaries: Binaries;
  /** A data directory that exists, owned by the server's user. */
  readonly data: string;
  readonly superuser?: string;
  /** Settings given on the command line; they win over every file. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Deleted when the server has ended, also when our process was killed. */
  readonly deleteAfter?: string;
  /** `none`: no network, if the platform allows that; the server says what was achieved. Absent: `host`. */
  readonly network?: Network;
  /** Other processes of the same user may join it. */
  readonly joinable?: true;
}

/**
 * Makes an empty cluster: UTF-8, the built-in C.UTF-8 collation, the same on every platform.
 *
 * Errors  SERVER_START with initdb's own words.
 */
export async function createCluster(plan: {
  readonly binaries: Binaries;
  readonly data: string;
  /** `postgres` where absent. */
  readonly superuser?: string;
}): Promise<void> {
  const { binaries, data, superuser = 'postgres' } = plan;
  ownFolder(data, binaries);
  const locale =
    binaries.major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] : ['--locale=C'];
  const child = spawn(
    join(binaries.folder, 'initdb'),
    ['-D', data, '-U', superuser, '--auth=trust', '--no-sync', '--encoding=UTF8', '--no-instructions', ...locale],
    {
      ...(binaries.runAs === null ? {} : { uid: binaries.runAs.uid, gid: binaries.runAs.gid }),
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  const status = await ended(child);
  if (status !== 0) {
    throw new OneRoofError('SERVER_START', {
      ...stated`initdb failed in ${{ folder: data }}: ${{ said: lastLines(said) }}`,
      fix: 'check the free space and the permissions there',
    });
  }
}

/**
 * Starts a private server on a data directory and waits until it is ready.
 *
 * Errors  SERVER_START with the end of the server's log.
 */
export async function startServer(plan: ServerPlan): Promise<Server> {
  const { binaries, data } = plan;
  // a short path: a socket's address holds about a hundred bytes
  const socket = mkdtempSync(join(tmpdir(), 'oneroof-'));
  ownFolder(socket, binaries);
  const settings = {
    listen_addresses: '',
    unix_socket_directories: socket,
    unix_socket_permissions: '0700',
    logging_collector: 'off',
    log_destination: 'stderr',
    ...plan.settings,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const launch = plan.network === 'none' ? launchWithout(binaries) : launchPlain(binaries);
  const [command = '/bin/sh', ...rest] = [...launch.prefix, '/bin/sh'];
  const child = spawn(
    command,
    [
      ...rest,
      '-c',
      watchdog,
      'oneroof-watchdog',
      join(binaries.folder, 'postgres'),
      plan.deleteAfter ?? '',
      socket,
      plan.joinable === undefined ? '' : pipeOf(socket, launch.network),
      '-D',
      data,
      ...options,
    ],
    {
      ...launch.as,
      cwd: '/',
      // its own process group: Ctrl-C at the terminal reaches us, and we decide
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    if (plan.joinable === undefined) await ended(child);
    else await endedOrLeft(child, data);
  };
  const ready = await waitUntilReady({ child, data, socket });
  if (!ready) {
    const said = logIn(socket);
    await stop();
    throw new OneRoofError('SERVER_START', {
      ...stated`the server on ${{ folder: data }} did not start: ${{ said: lastLines(said) }}`,
      fix: 'see the reason above; the usual causes are no free space and missing permissions',
    });
  }
  return {
    data,
    binaries,
    network: launch.network,
    connection: (database) => ({ host: socket, port: 5432, user: plan.superuser ?? 'postgres', database }),
    abandon: async () => {
      const running = runningOn(data);
      if (running !== null) process.kill(running.pid, 'SIGQUIT');
      await stop();
    },
    log: () => logIn(socket),
    stop,
  };
}

function logIn(socket: string): string {
  return readIfThere(join(socket, 'server.log')) ?? '';
}

/** A server that is to end says so in its file at once; one that is ready all this time has other users. Milliseconds. */
const leftAfter = 1000;

/** Waits until a server has ended, or is seen to go on for others. */
async function endedOrLeft(child: ChildProcess, data: string): Promise<void> {
  const began = performance.now();
  while (child.exitCode === null && child.signalCode === null) {
    if (runningOn(data)?.ready !== true) return void (await ended(child));
    if (performance.now() - began > leftAfter) return void child.unref();
    await sleep(20);
  }
}

const pipeOf = (socket: string, network: Network): string => join(socket, `users-${network}`);

/** The server that runs on a data directory: its process and the folder of its socket, as it says itself; null: none runs. */
export function runningOn(
  data: string,
): { readonly pid: number; readonly socket: string; readonly ready: boolean } | null {
  const file = join(data, 'postmaster.pid');
  const [pid, , , , socket, , , state] = readIfThere(file)?.split('\n') ?? [];
  if (pid === undefined || socket === undefined || !existsSync(socket)) return null;
  if (!isAlive(Number(pid))) return null;
  return { pid: Number(pid), socket, ready: state?.trim() === 'ready' };
}

/** Joins a server of ours that another process has started on a data directory; null where there is none, or it is about to end. */
export function joinServer(plan: Pick<ServerPlan, 'binaries' | 'data' | 'superuser'>): Server | null {
  const { binaries, data } = plan;
  const found = runningOn(data);
  if (found === null || !found.ready) return null;
  const { socket } = found;
  for (const network of ['none', 'host'] as const) {
    let pipe: number;
    try {
      // never waits: if the watchdog has ended, no process reads it
      pipe = openSync(pipeOf(socket, network), constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      continue;
    }
    const connection: Server['connection'] = (database) => ({
      host: socket,
      port: 5432,
      user: plan.superuser ?? 'postgres',
      database,
    });
    const leave = async (): Promise<void> => closeSync(pipe);
    // another process started it, and may still work on it
    return { data, binaries, network, connection, abandon: leave, log: () => logIn(socket), stop: leave };
  }
  return null;
}

/** A new cluster in a temporary folder that goes when the server ends. */
export async function startTemporaryServer(plan: {
  readonly binaries: Binaries;
  readonly settings?: Readonly<Record<string, string>>;
  readonly network?: Network;
  /** `postgres` where absent. */
  readonly superuser?: string;
  /** Its data is small, and in memory where that has room. */
  readonly small?: true;
}): Promise<Server> {
  const place = plan.small === true ? (memoryFolder() ?? tmpdir()) : tmpdir();
  const folder = mkdtempSync(join(place, 'oneroof-data-'));
  ownFolder(folder, plan.binaries);
  try {
    const data = join(folder, 'data');
    mkdirSync(data);
    const { binaries, superuser } = plan;
    await createCluster({ binaries, data, ...(superuser === undefined ? {} : { superuser }) });
    return await startServer({ ...plan, data, deleteAfter: folder, settings: { fsync: 'off', ...plan.settings } });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Gives a folder to the server's user, closed to everyone else. */
export function ownFolder(folder: string, binaries: Binaries): void {
  chmodSync(folder, 0o700);
  if (binaries.runAs !== null) chownSync(folder, binaries.runAs.uid, binaries.runAs.gid);
}

/** Line 8 of postmaster.pid says `ready`; line 5 is the socket's folder, so that a stale file is not believed. */
async function waitUntilReady(wait: {
  readonly child: ChildProcess;
  readonly data: string;
  readonly socket: string;
}): Promise<boolean> {
  const file = join(wait.data, 'postmaster.pid');
  for (const began = Date.now(); Date.now() - began < 60_000; await sleep(10)) {
    const lines = readIfThere(file)?.split('\n') ?? [];
    if (lines[4] === wait.socket && lines[7]?.trim() === 'ready') return true;
    if (wait.child.exitCode !== null) return false;
    const said = logIn(wait.socket);
    // the lock of a server that runs there is not ours, and stays
    if (/FATAL|could not|invalid/.test(said) && (!existsSync(file) || /FATAL:.*"postmaster.pid"/.test(said)))
      return false;
  }
  return false;
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status));
  });
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' | ');
}
