import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OneRoofError } from './errors.ts';
import { type ProcessMark, processState, thisProcess } from './process.io.ts';

/** Whoever works alone says so again this often. Milliseconds. */
const pulse = 20_000;
/** Whoever cannot be seen from here and has said nothing for so long has ended. Milliseconds. */
const silence = 180_000;
/** Two that begin at the same moment both step back and try again. */
const tries = 5;

/**
 * Works in a folder while no other process does the same there. Each puts up a ticket with a name of its own and then looks for others: of two, at
 * least one sees the other. A ticket of a process that has ended counts for nothing, and can be taken away by anyone: its name is used only once.
 *
 * Shape   `work` names what is done: tickets are the files NAME-twelve digits.
 * Errors  what `taken` makes of the other process.
 */
export async function whileAlone<T>(
  of: {
    readonly folder: string;
    readonly work: string;
    readonly taken: (by: ProcessMark) => OneRoofError;
  },
  work: () => Promise<T>,
): Promise<T> {
  for (let at = 1; ; at += 1) {
    const ticket = await putUp(of);
    try {
      const other = await otherThan(ticket, of);
      if (other === null) return await working(join(of.folder, ticket), work);
      if (at === tries) throw of.taken(other);
    } finally {
      await rm(join(of.folder, ticket), { force: true });
    }
    await sleep(100 + Math.random() * 400);
  }
}

async function putUp({ folder, work }: { readonly folder: string; readonly work: string }): Promise<string> {
  const ticket = `${work}-${randomBytes(6).toString('hex')}`;
  await mkdir(folder, { recursive: true });
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

/** Who else does the same there; null where nobody does. */
async function otherThan(
  own: string,
  { folder, work }: { readonly folder: string; readonly work: string },
): Promise<ProcessMark | null> {
  for (const name of await readdir(folder)) {
    if (name === own || !name.startsWith(`${work}-`) || !/^[0-9a-f]{12}$/.test(name.slice(work.length + 1))) continue;
    const path = join(folder, name);
    const by = await readTicket(path);
    if (by === null) continue;
    if (!(await isOver(path, by))) return by;
    await rm(path, { force: true });
  }
  return null;
}

async function readTicket(path: string): Promise<ProcessMark | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProcessMark;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    // not written to its end yet, or never: its age tells
    return { host: 'an unknown machine', pid: 0 };
  }
}

async function isOver(path: string, { host, pid, begin }: ProcessMark): Promise<boolean> {
  const state = host === hostname() ? await processState({ pid, begin: begin ?? '' }) : 'unseen';
  if (state !== 'unseen') return state === 'gone';
  const facts = await stat(path).catch(() => null);
  return facts !== null && Date.now() - facts.mtimeMs > silence;
}
