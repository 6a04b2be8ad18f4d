import { accessSync, constants, statfsSync } from 'node:fs';

/** A file system in memory, as statfs(2) numbers it. */
const tmpfs = 0x01_02_19_94;
/** What must be free there, and of the machine's memory: several servers with their logs take less. Bytes. */
const enough = 2 * 1024 ** 3;

/**
 * A folder in memory for files that no one needs afterwards: to copy a database of some hundred files costs a tenth there. null: there is none
 * with enough room, or the user has named another place by TMPDIR.
 */
export function memoryFolder(): string | null {
  const folder = '/dev/shm';
  if (process.platform !== 'linux' || (process.env['TMPDIR'] ?? '') !== '') return null;
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    const { type, bavail, bsize } = statfsSync(folder);
    return type === tmpfs && bavail * bsize >= enough && process.availableMemory() >= enough ? folder : null;
  } catch {
    return null;
  }
}
