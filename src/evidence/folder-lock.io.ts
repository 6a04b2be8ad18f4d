import { randomBytes } from 'node:crypto';
import { link, lstat, readFile, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { beginOf, OneRoofError, printable, processState, type ProcessState, stated } from '../core/index.ts';
import { isErrno } from './file.io.ts';

/**
 * How long an append waits for another process's append; one takes milliseconds. A lock that is older belongs to no append that goes on,
 * unless its process can be seen. Milliseconds.
 */
const patience = 10_000;
/** The same where its process cannot be seen, so that a wait would most likely be in vain. Milliseconds. */
const unseenPatience = 5000;

/**
 * Takes the lock of a folder of evidence, and returns what gives it back. Linking a file that already holds its owner is atomic: a lock is
 * never seen without one.
 *
 * Shape   of the file: process, host, and on Linux when the process began, so that another one with its number is told from it.
 * Errors  EVIDENCE_UNWRITABLE where a living process keeps it; at once where it was left behind and that cannot be seen from here.
 */
export async function lock(root: string): Promise<() => Promise<void>> {
  const path = join(root, 'log.lock');
  const guard = join(root, 'log.lock.breaking');
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(own, `${process.pid} ${hostname()} ${await (ownBegin ??= beginOf(process.pid))}`.trim(), {
    flag: 'wx',
  });
  try {
    for (const began = performance.now(); ; await wait(5 + Math.random() * 10)) {
      // the age of a lock begins when it is taken, not when its owner began to wait for it
      await utimes(own, new Date(), new Date());
      if (await linked(own, path)) return () => rm(path, { force: true });
      const held = await readHolder(path);
      if (held === null) continue;
      const breaking = held.state === 'gone' ? await breakLock({ path, guard, own }) : null;
      const why = held.state === 'gone' ? breaking : explain(path, held, performance.now() - began);
      if (why !== null) throw unwritable(root, why);
    }
  } finally {
    await rm(own, { force: true });
  }
}

let ownBegin: Promise<string> | undefined;

/** Who holds a lock, as far as that can be seen from here. */
interface Holder {
  /** `gone`: a process of this host that has ended; `lives`: one that is the one that took it; `unseen`: neither is known. */
  readonly state: ProcessState;
  readonly who: string;
  /** Milliseconds. */
  readonly age: number;
}

/** Reads the holder of a lock; null where there is none. */
async function readHolder(path: string): Promise<Holder | null> {
  try {
    const { mtimeMs } = await lstat(path);
    const age = Date.now() - mtimeMs;
    const [pid = '', host = '', ...begin] = (await readFile(path, 'utf8').catch(() => '')).split(' ');
    if (!/^[1-9][0-9]{0,9}$/.test(pid) || host === '')
      return { state: 'unseen', who: 'something that is not a process', age };
    const who = `process ${pid} of ${host}`;
    if (host !== hostname()) return { state: 'unseen', who, age };
    return { state: await processState({ pid: Number(pid), begin: begin.join(' ') }), who, age };
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Why there is no sense in waiting any longer; null where there is. */
function explain(path: string, { state, who, age }: Holder, waited: number): Refusal | null {
  if (state === 'unseen' && age > unseenPatience)
    return {
      why: `${path} was left by ${who} ${Math.round(age / 1000)} s ago; an append takes milliseconds, but this machine cannot see whether that process still runs`,
      fix: `if no One Roof process runs there: rm ${printable(path)}`,
    };
  if (waited < patience) return null;
  return {
    why: `${path} is held by ${who}${state === 'lives' ? ', which is running' : ''}`,
    fix: `wait for that process or end it, then run the same command again`,
  };
}

/**
 * Removes the lock of a process that has ended. Only the holder of the second lock may do this, so that no living process's lock is removed; why
 * no one can where that one was left behind, too.
 */
async function breakLock(of: {
  readonly path: string;
  readonly guard: string;
  readonly own: string;
}): Promise<Refusal | null> {
  const { path, guard, own } = of;
  if (!(await linked(own, guard))) {
    const breaker = await readHolder(guard);
    const isLeft = breaker !== null && (breaker.state === 'gone' || breaker.age > patience);
    if (!isLeft) return null;
    return {
      why: `${path} was left by a process that ended, and ${guard} by ${breaker.who}, which was removing that lock`,
      fix: `if no One Roof process runs there: rm ${printable(path)} ${printable(guard)}`,
    };
  }
  try {
    if ((await readHolder(path))?.state === 'gone') await rm(path, { force: true });
  } finally {
    await unlink(guard);
  }
  return null;
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

interface Refusal {
  readonly why: string;
  readonly fix?: string;
  readonly cause?: unknown;
}

/** Evidence cannot be written, and why. */
export function unwritable(root: string, { why, cause, ...refusal }: Refusal): OneRoofError {
  return new OneRoofError('EVIDENCE_UNWRITABLE', {
    ...stated`evidence cannot be written to ${{ folder: printable(root) }}: ${{ why: printable(why) }}`,
    fix: refusal.fix ?? 'make the folder writable, or set another folder as `evidence:` in oneroof.yaml',
    cause,
  });
}
