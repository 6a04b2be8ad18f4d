import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { OneRoofError, printable, stated } from '../core/index.ts';

/**
 * Reads a file of the evidence; null where there is none.
 *
 * Errors  EVIDENCE_UNREADABLE where something else is there, or it may not be read.
 */
export async function readBytes(path: string): Promise<Buffer | null> {
  return unlessAbsent(path, () => withFile(path, (file) => file.readFile()));
}

/** The same as text. */
export async function readText(path: string): Promise<string | null> {
  return (await readBytes(path))?.toString('utf8') ?? null;
}

/** Reads the last so many bytes of a file, less than 0, and where they begin. */
export async function readFrom(
  path: string,
  most: number,
): Promise<{ readonly bytes: Buffer; readonly from: number } | null> {
  return unlessAbsent(path, () =>
    withFile(path, async (file) => {
      const { size } = await file.stat();
      const from = Math.max(0, size + most);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
      return { bytes: buffer.subarray(0, bytesRead), from };
    }),
  );
}

/** Opens a file for reading. Stops: a pipe that no one writes to, for which a reader would wait for ever and past every signal. */
async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile() && !found.isDirectory()) throw new Error('it is not a regular file');
    return await use(file);
  } finally {
    await file.close();
  }
}

/** What changes with a file: another one in its place, its length, its times. The empty text where there is none. */
export async function markOf(path: string): Promise<string> {
  const found = await unlessAbsent(path, () => stat(path, { bigint: true }));
  return found === null ? '' : [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
}

/** Says whether an error is one of the system's, by its code. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

async function unlessAbsent<T>(path: string, read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return null;
    const why = isErrno(cause, 'EISDIR') ? 'it is a folder' : cause instanceof Error ? cause.message : String(cause);
    throw new OneRoofError('EVIDENCE_UNREADABLE', {
      ...stated`${{ file: printable(path) }} cannot be read as a file of the evidence: ${{ why: printable(why) }}`,
      fix: 'restore the file from version control or a copy, or make it readable; `evidence:` of oneroof.yaml names the folder',
      cause,
    });
  }
}
