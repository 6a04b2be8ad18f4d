import { readFileSync } from 'node:fs';

/**
 * Reads a text file, in UTF-8; null where there is none. In one step: a file that another process writes and takes away may go between
 * a look for it and the reading.
 *
 * Errors  those of the system, but for ENOENT.
 */
export function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
