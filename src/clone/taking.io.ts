import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OneRoofError, printable, processState, stated } from '../core/index.ts';
import { thisProcess } from './lease.io.ts';
import { type Maker } from './mark.ts';

/** Whoever takes a golden copy says so again this often. Milliseconds. */
const pulse = 20_000;
/** Whoever cannot be seen from here and has said nothing for so long has ended. Milliseconds. */
const silence = 180_000;
/** Two that begin at the same moment both step back and try again. */
const tries = 5;

/**
 * Takes a golden copy in a folder while no other command does. Each puts up a ticket with a name of its own and then looks for others: of two, at
 * least one sees the other. A ticket of a process that has ended counts for nothing, and can be taken away by anyone: its name is used only once.
 *
 * Errors  CLONE_TAKING.
 */
export async function whileTaking<T>(folder: string, work: () => Promise<T>): Promise<T> {
  for (let at = 1; ; at += 1) {
    const ticket = await putUp(folder);
    try {
      const other = await othersIn(folder, ticket);
      if (other === null) return await working(join(folder, ticket), work);
      if (at === tries) throw isTaking(`a golden copy in ${folder}`, other);
    } finally {
      await rm(join(folder, ticket), { force: true });
    }
    await sleep(100 + Math.random() * 400);
  }
}

/** The same where no command takes one; null where one does. */
export async function unlessTaking<T>(folder: string, work: () => Promise<T>): Promise<T | null> {
  return whileTaking(folder, work).catch((error: unknown) => {
    if (error instanceof OneRoofError && error.code === 'CLONE_TAKING') return null;
    throw error;
  });
}

/** Another command takes a golden copy. */
export function isTaking(what: string, who: Pick<Maker, 'host' | 'pid'> | null = null): OneRoofError {
  return new OneRoofError('CLONE_TAKING', {
    ...stated`${{ who: who === null ? 'another command' : `process ${who.pid} of ${printable(who.host)}` }} is taking ${{ what: printable(what) }}`,
    fix: 'run the same command again when that one has ended: it may find the copy new enough',
  });
}

const named = /^taking-[0-9a-f]{12}$/;

async function putUp(folder: string): Promise<string> {
  const ticket = `taking-${randomBytes(6).toString('hex')}`;
  await writeFile(join(folder, ticket), JSON.stringify(await thisProcess()), { flag: 'wx' });
  return ticket;
}

async function working<T>(ticket: string, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    const at = new Date();
    // where it cannot be written, it grows old, and the process itself can still be seen
    utimes(ticket, at, at).catch(() => undefined);
  }, pulse).unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Who else takes a golden copy there; null where nobody does. */
async function othersIn(folder: string, own: string): Promise<Maker | null> {
  for (const name of await readdir(folder)) {
    if (!named.test(name) || name === own) continue;
    const path = join(folder, name);
    const maker = await readTicket(path);
    if (maker === null) continue;
    if (!(await isOver(path, maker))) return maker;
    await rm(path, { force: true });
  }
  return null;
}

async function readTicket(path: string): Promise<Maker | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Maker;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    // not written to its end yet, or never: its age tells
    return { host: 'an unknown machine', pid: 0 };
  }
}

async function isOver(path: string, { host, pid, begin }: Maker): Promise<boolean> {
  const state = host === hostname() ? await processState({ pid, begin: begin ?? '' }) : 'unseen';
  if (state !== 'unseen') return state === 'gone';
  const facts = await stat(path).catch(() => null);
  return facts !== null && Date.now() - facts.mtimeMs > silence;
}
