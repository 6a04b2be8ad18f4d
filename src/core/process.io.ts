import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** A process, so that others can ask whether it still lives. */
export interface ProcessMark {
  readonly host: string;
  readonly pid: number;
  /** When it began, as `beginOf` tells it; absent in marks of before. */
  readonly begin?: string;
}

/** This process, for others. */
export async function thisProcess(): Promise<ProcessMark> {
  return { host: hostname(), pid: process.pid, begin: await beginOf(process.pid) };
}

/** What can be seen from here of a process of this machine. `unseen`: something has its number, and whether it is the same is not known. */
export type ProcessState = 'lives' | 'gone' | 'unseen';

/**
 * When a process began, counted from a start of the machine that has a name: another one with its number is told from it. The empty text where
 * the system does not tell.
 *
 * Source  Linux, proc(5).
 */
export async function beginOf(pid: number): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // the name of the program is in parentheses and may contain some itself; after them the 22nd field is the 20th
    return `${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}@${boot.trim()}`;
  } catch {
    return '';
  }
}

/** Says whether a process of this host lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether a process is the one that began then; `begin` is empty where that is not known. */
export async function processState({
  pid,
  begin,
}: {
  readonly pid: number;
  readonly begin: string;
}): Promise<ProcessState> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'gone';
  }
  const now = await beginOf(pid);
  if (begin === '' || now === '') return 'unseen';
  return begin === now ? 'lives' : 'gone';
}
