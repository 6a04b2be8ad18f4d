import { randomBytes } from 'node:crypto';
import { link, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { OneRoofError, printable } from '../core/index.ts';

/** How long an append waits for another process's append; one takes milliseconds. */
const patience = 10_000; // milliseconds

/**
 * Takes the lock of a folder of evidence, and returns what gives it back. Linking a file that already holds its owner is atomic: a lock is
 * never seen without one.
 *
 * Errors  EVIDENCE_UNWRITABLE where a living process keeps it.
 */
export async function lock(root: string): Promise<() => Promise<void>> {
  const path = join(root, 'log.lock');
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(own, `${process.pid} ${hostname()}`, { flag: 'wx' });
  try {
    for (const began = performance.now(); performance.now() - began < patience; await wait(5 + Math.random() * 10)) {
      if (await linked(own, path)) return () => unlink(path);
      await breakDeadLock(root, own);
    }
  } finally {
    await rm(own, { force: true });
  }
  throw unwritable(root, `another process holds ${path} (process and host: ${await readText(path)})`);
}

/** Only the holder of the second lock may remove the lock of a process that is gone, so no living process's lock is removed. */
async function breakDeadLock(root: string, own: string): Promise<void> {
  const guard = join(root, 'log.lock.breaking');
  if (!isDead(await readText(join(root, 'log.lock')))) return;
  if (!(await linked(own, guard))) return;
  try {
    if (isDead(await readText(join(root, 'log.lock')))) await rm(join(root, 'log.lock'), { force: true });
  } finally {
    await unlink(guard);
  }
}

function isDead(owner: string): boolean {
  const [pid, host] = owner.split(' ');
  if (host !== hostname() || pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return isErrno(error, 'ESRCH');
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Reads a file; the empty text where there is none. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}

/** Says whether an error is one of the system's, by its code. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Evidence cannot be written, and why. */
export function unwritable(root: string, why: string, cause?: unknown): OneRoofError {
  return new OneRoofError('EVIDENCE_UNWRITABLE', {
    problem: `evidence cannot be written to ${printable(root)}: ${printable(why)}`,
    fix: 'make the folder writable, or name another one as `evidence:` in oneroof.yaml',
    cause,
  });
}
