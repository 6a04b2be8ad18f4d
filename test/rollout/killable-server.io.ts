import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Connection, createCluster, ownFolder, type Server, startServer } from '../../src/database/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';

/** A server that can be ended and started again, and an address that leads to it, or to another one. */
export interface KillableServer {
  /** The address: it stays while what stands behind it changes. */
  readonly connection: Connection;
  /** The server itself, as long as it is not started again. */
  server(): Server;
  /** Leads to the server itself, wherever the address leads. */
  readonly own: Connection;
  /** Ends it with SIGKILL, and starts it again. */
  kill(): Promise<void>;
  /** Ends it with SIGKILL. */
  die(): Promise<void>;
  /** Ends it with a fast shutdown. */
  stop(): Promise<void>;
  /** Starts it again; as a standby where it is told whom to follow. */
  start(follow?: Connection): Promise<void>;
  /** Lets the address lead to a server. */
  lead(to: Server): void;
}

/** How a standby finds a primary that listens on a socket. */
export function following({ host, user }: Connection): Readonly<Record<string, string>> {
  return { primary_conninfo: `host=${host} user=${user}`, recovery_target_timeline: 'latest' };
}

/** Makes a server, hands it over, and takes it away; `more` are settings of it. */
export async function withKillableServer<T>(
  version: Version,
  use: (killable: KillableServer) => Promise<T>,
  more: Readonly<Record<string, string>> = {},
): Promise<T> {
  const binaries = binariesOf(version);
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-killable-'));
  const data = join(folder, 'data');
  const address = mkdtempSync(join(tmpdir(), 'oneroof-at-'));
  // a standby goes through the address as well
  for (const one of [folder, address]) ownFolder(one, binaries);
  let server: Server | null = null;
  const lead = (to: Server, name = 's'): void => {
    const link = join(address, name);
    rmSync(link, { force: true });
    symlinkSync(to.connection('postgres').host, link);
  };
  const start = async (follow?: Connection): Promise<void> => {
    rmSync(join(data, 'standby.signal'), { force: true });
    if (follow !== undefined) writeFileSync(join(data, 'standby.signal'), '');
    const settings = follow === undefined ? {} : following(follow);
    server = await startServer({ binaries, data, settings: { fsync: 'off', ...more, ...settings } });
    lead(server);
    lead(server, 'own');
  };
  const here = (): Server => {
    if (server === null) throw new Error('the server was never started');
    return server;
  };
  const die = async (): Promise<void> => {
    process.kill(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
    await server?.stop();
    // the server's other processes notice it, and have to be gone before another one may have the data
    for (const until = Date.now() + 20_000; Date.now() < until && isAtWork(data); ) await wait(20);
  };
  try {
    mkdirSync(data);
    await createCluster({ binaries, data });
    await start();
    return await use({
      connection: { host: join(address, 's'), port: 5432, user: 'postgres', database: 'postgres' },
      server: here,
      own: { host: join(address, 'own'), port: 5432, user: 'postgres', database: 'postgres' },
      kill: async () => {
        await die();
        await start();
      },
      die,
      stop: () => here().stop(),
      start,
      lead: (to) => lead(to),
    });
  } finally {
    await (server as Server | null)?.stop();
    rmSync(address, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

/** True while a process works in a folder; where the platform does not tell, after a while it is taken for gone. */
function isAtWork(folder: string): boolean {
  if (!existsSync('/proc/self/cwd')) return true;
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .some((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === folder;
      } catch {
        return false;
      }
    });
}
