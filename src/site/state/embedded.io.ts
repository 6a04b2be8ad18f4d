import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, OneRoofError, readIfThere, stated } from '../../core/index.ts';
import {
  type Binaries,
  createCluster,
  embeddedBinaries,
  ownFolder,
  type Server,
  startServer,
} from '../../database/index.ts';

/** After its process was killed, the watchdog shuts the server down within this time. Milliseconds. */
const patience = 5000;

/**
 * Starts the server's own PostgreSQL on a folder, and makes its cluster where there is none.
 *
 * Errors  STATE_IN_USE, STATE_UNREACHABLE, STATE_OTHER_VERSION, SERVER_NO_BINARIES, SERVER_START.
 */
export async function startEmbeddedState(folder: string): Promise<Server> {
  const binaries = embeddedBinaries();
  reach(folder, binaries);
  const data = join(folder, 'data');
  if (!existsSync(data)) await makeCluster({ folder, data, binaries });
  refuseOtherVersion(data, binaries);
  for (const began = performance.now(); ; await sleep(200)) {
    try {
      return await startServer({ binaries, data });
    } catch (error) {
      if (!isInUse(error)) throw error;
      if (performance.now() - began < patience) continue;
      throw new OneRoofError('STATE_IN_USE', {
        ...stated`the state in ${{ folder }} is in use by another process`,
        fix: 'end the `oneroof serve` that runs on this folder; or give both one database, as `serve: { state: … }` in oneroof.yaml',
        cause: error,
      });
    }
  }
}

/** A cluster gets its name only when it is complete: a process that is killed while making it leaves a draft, which the next start removes. */
async function makeCluster(of: { readonly folder: string; readonly data: string; readonly binaries: Binaries }) {
  const { folder, data, binaries } = of;
  for (const name of readdirSync(folder)) {
    const maker = /^draft-(\d+)$/.exec(name)?.[1];
    // what was killed may have left an initdb that still writes
    if (maker !== undefined && !isAlive(Number(maker)))
      rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
  const draft = join(folder, `draft-${process.pid}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft);
  await createCluster({ binaries, data: draft });
  try {
    renameSync(draft, data);
  } catch (error) {
    // another start was faster; which of the two may run is decided by the server's own lock
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(join(data, 'PG_VERSION'))) throw error;
  }
}

/** The user that runs the server must be able to enter every folder above; the user that starts it must be able to write there. */
function reach(folder: string, { runAs }: Binaries): void {
  let why = '';
  try {
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    const probe = join(folder, `probe-${process.pid}`);
    mkdirSync(probe);
    rmSync(probe, { recursive: true });
    if (runAs === null) return;
    const { uid, gid, name } = runAs;
    if (spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { uid, gid, cwd: '/', stdio: 'ignore' }).status === 0)
      return;
    why = `${name}, who runs its database, cannot enter it`;
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  throw new OneRoofError('STATE_UNREACHABLE', {
    ...stated`the server cannot keep its state in ${{ folder }}: ${{ why }}`,
    fix: 'name a folder such as /var/lib/oneroof, as `serve: { folder: … }` in oneroof.yaml, or a database, as `serve: { state: … }`',
  });
}

function refuseOtherVersion(data: string, binaries: Binaries): void {
  // a folder of root's that was restored or copied: its server needs to own it
  if (binaries.runAs !== null) ownFolder(data, binaries);
  const found = readIfThere(join(data, 'PG_VERSION'))?.trim() ?? 'none';
  if (found === String(binaries.major)) return;
  throw new OneRoofError('STATE_OTHER_VERSION', {
    ...(found === 'none'
      ? stated`${{ folder: data }} holds no PostgreSQL cluster`
      : stated`the state in ${{ folder: data }} was made by PostgreSQL ${{ version: found }}, and this is ${{ major: binaries.major }}`),
    fix: 'move the folder away: a new one is made. Users must sign in again, and open prompts are lost; the evidence is elsewhere',
  });
}

function isInUse(error: unknown): boolean {
  return error instanceof OneRoofError && error.code === 'SERVER_START' && error.message.includes('postmaster.pid');
}
