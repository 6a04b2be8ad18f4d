import { readFileSync, statfsSync } from 'node:fs';

const gigabytes = 2 ** 30;

/** A folder in memory for what the tests write, or null where there is none, programs cannot run in it, or memory is scarce. */
export function memoryFolder(): string | null {
  const folder = '/dev/shm';
  if (process.platform !== 'linux' || process.env['TMPDIR'] !== undefined) return null;
  try {
    const { bavail, bsize } = statfsSync(folder);
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .find((line) => line.split(' ')[1] === folder);
    const isUsable = mount !== undefined && !/\bnoexec\b/.test(mount);
    return isUsable && Math.min(bavail * bsize, process.availableMemory()) > 8 * gigabytes ? folder : null;
  } catch {
    return null;
  }
}
