import { OneRoofError, printable, type ProcessMark, stated, whileAlone } from '../core/index.ts';

/**
 * Takes a golden copy in a folder while no other command does.
 *
 * Errors  CLONE_TAKING.
 */
export function whileTaking<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const taken = (by: ProcessMark): OneRoofError => isTaking(`a golden copy in ${folder}`, by);
  return whileAlone({ folder, work: 'taking', taken }, work);
}

/** The same where no command takes one; null where one does. */
export async function unlessTaking<T>(folder: string, work: () => Promise<T>): Promise<T | null> {
  return whileTaking(folder, work).catch((error: unknown) => {
    if (error instanceof OneRoofError && error.code === 'CLONE_TAKING') return null;
    throw error;
  });
}

/** Another command takes a golden copy. */
export function isTaking(what: string, who: Pick<ProcessMark, 'host' | 'pid'> | null = null): OneRoofError {
  return new OneRoofError('CLONE_TAKING', {
    ...stated`${{ process: who === null ? 'another command' : `process ${who.pid} of ${printable(who.host)}` }} is taking ${{ work: printable(what) }}`,
    fix: 'run the same command again when that one has ended: it may find the copy new enough',
  });
}
