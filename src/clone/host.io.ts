import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OneRoofError, printable } from '../core/index.ts';
import {
  type Binaries,
  type Connection,
  findBinaries,
  openSession,
  type Server,
  type Session,
  startServer,
} from '../database/index.ts';
import { type CloneSetup } from '../setup/index.ts';
import { type CloneHost, type DatabaseName } from './clone.ts';
import { collect, dropLeased, isAlive, keepLeased, lease, leases, openGolden } from './lease.io.ts';
import { type GenerationRecord, type PhysicalSetup, takeGolden, writeRecord } from './providers/physical.io.ts';
import { openTemplateHost } from './template-host.io.ts';

/** The served generation: its server, an administrator's session on it, and its record. */
interface Served {
  readonly record: GenerationRecord;
  readonly server: Server;
  readonly admin: Session;
}

/**
 * Opens the clone server of a setup, and starts the newest golden generation where there is one.
 *
 * Errors  CLONE_FOLDER_UNREACHABLE, CLONE_IN_USE, SERVER_START; CLONE_SAME_SERVER for the provider "template".
 */
export async function openCloneHost(setup: CloneSetup): Promise<CloneHost> {
  if (setup.provider === 'template') return openTemplateHost(setup);
  mkdirSync(setup.folder, { recursive: true, mode: 0o755 });
  let served = await serveNewest(setup);
  const open = (): Served => {
    if (served !== null) return served;
    throw new OneRoofError('CLONE_NO_GOLDEN', {
      problem: `there is no golden copy in ${setup.folder}`,
      fix: 'oneroof clone golden',
    });
  };
  const stop = async (): Promise<void> => {
    const ending = served;
    served = null;
    await ending?.admin.close();
    await ending?.server.stop();
  };
  return {
    makeGolden: async (options) => {
      removeDrafts(setup.folder);
      const older = served;
      const binaries = await binariesFor(setup);
      refuseUnreachable(setup.folder, binaries);
      const generation = Math.max(0, ...generations(setup.folder)) + 1;
      const record = await takeGolden({ setup, binaries, generation }, options);
      const unused = older !== null && (await leases(older.admin)).length === 0;
      await stop();
      if (older !== null && unused)
        rmSync(generationFolder(setup, older.record.golden.generation), { recursive: true, force: true });
      served = await serveNewest(setup);
      return record.golden;
    },
    golden: async () => served?.record.golden ?? null,
    makeClone: async (request) => {
      const { admin, record, server } = open();
      const made = await lease(admin, { golden: record.golden, request });
      return {
        ...made,
        connection: server.connection(made.lease.database),
        server: 'private',
        network: server.network,
      };
    },
    readGolden: (use) => {
      const { admin, record, server } = open();
      const { database } = record.golden;
      return openGolden(admin, { database, use: () => use(server.connection(database)) });
    },
    once: async (name, read) => {
      const { record } = open();
      if (record.once?.name === name) return record.once.value;
      const value = await read();
      const known = { ...record, once: { name, value } };
      await writeRecord(generationFolder(setup, record.golden.generation), known);
      if (served !== null) served = { ...served, record: known };
      return value;
    },
    keep: (database, hours) => keepLeased(open().admin, { database, hours }),
    drop: (database) => dropLeased(open().admin, database),
    list: async () => (served === null ? [] : leases(served.admin)),
    collectGarbage: async (at) => {
      removeDrafts(setup.folder);
      return served === null ? [] : collect(served.admin, at);
    },
    howToConnect: (database) => `oneroof clone open ${database}`,
    close: stop,
  };
}

/**
 * Opens a clone of the physical provider for a person: its server runs until `close` is called.
 *
 * Errors  CLONE_GONE, CLONE_IN_USE, SERVER_START.
 */
export async function openKept(
  setup: PhysicalSetup,
  database: DatabaseName,
): Promise<{ readonly connection: Connection; close(): Promise<void> }> {
  const served = existsSync(setup.folder) ? await serveNewest(setup) : null;
  const known = served === null ? [] : await leases(served.admin);
  const close = async (): Promise<void> => {
    await served?.admin.close();
    await served?.server.stop();
  };
  if (served !== null && known.some((found) => found.database === database))
    return { connection: served.server.connection(database), close };
  await close();
  throw new OneRoofError('CLONE_GONE', {
    problem: `${printable(database)} is not among the clones of the newest golden copy in ${setup.folder}`,
    fix: 'see `oneroof clone list`',
  });
}

function generationFolder(setup: PhysicalSetup, generation: number): string {
  return join(setup.folder, `generation-${generation}`);
}

function generations(folder: string): readonly number[] {
  return readdirSync(folder).flatMap((name) => {
    const match = /^generation-(\d+)$/.exec(name);
    return match !== null && existsSync(join(folder, name, 'golden.json')) ? [Number(match[1])] : [];
  });
}

async function serveNewest(setup: PhysicalSetup): Promise<Served | null> {
  const numbers = generations(setup.folder);
  if (numbers.length === 0) return null;
  const folder = generationFolder(setup, Math.max(...numbers));
  const record = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as GenerationRecord;
  const binaries = binariesOf(setup, Math.floor(record.golden.source.serverVersion / 10_000));
  refuseUnreachable(setup.folder, binaries);
  const data = join(folder, 'data');
  await refuseInUse(data);
  const server = await startServer({ binaries, data, superuser: record.superuser, network: 'none' });
  try {
    const admin = await openSession(server.connection('template1'), { applicationName: 'oneroof clone host' });
    return { record, server, admin };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function binariesFor(setup: PhysicalSetup): Promise<Binaries> {
  const session = await openSession(setup.backup, { applicationName: 'oneroof golden' });
  await session.close();
  return binariesOf(setup, Math.floor(session.serverVersion / 10_000));
}

function binariesOf(setup: PhysicalSetup, major: number): Binaries {
  if (setup.bin === null) return findBinaries(major);
  const { runAs } = findBinaries(18);
  return { folder: setup.bin, major, origin: 'system', runAs };
}

function refuseUnreachable(folder: string, binaries: Binaries): void {
  if (binaries.runAs === null) return;
  const { uid, gid, name } = binaries.runAs;
  if (spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { uid, gid, cwd: '/', stdio: 'ignore' }).status === 0)
    return;
  throw new OneRoofError('CLONE_FOLDER_UNREACHABLE', {
    problem: `${folder} cannot be reached by ${name}, who runs the clone server`,
    fix: 'set "folder:" of the clone provider to a folder such as /var/lib/oneroof',
  });
}

/** A server whose process was killed takes a moment to end: its watchdog is given that moment. */
async function refuseInUse(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  for (let waited = 0; ; waited += 100) {
    const [pid, , , , socket] = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    if (pid === undefined || socket === undefined || !isAlive(Number(pid)) || !existsSync(socket)) return;
    if (waited >= 3000) {
      throw new OneRoofError('CLONE_IN_USE', {
        problem: `the golden copy in ${data} is served by another process (server ${pid})`,
        fix: 'wait until that command has ended, then run this one again',
      });
    }
    await sleep(100);
  }
}

/** Removes what an interrupted golden left: drafts whose process has ended. */
function removeDrafts(folder: string): void {
  for (const name of readdirSync(folder)) {
    const match = /^draft-(\d+)-\d+$/.exec(name);
    if (match !== null && !isAlive(Number(match[1]))) rmSync(join(folder, name), { recursive: true, force: true });
  }
}
