import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { OneRoofError, printable, stated } from '../core/index.ts';

/** Files as this process has to find them: path → digest; null: no such file. */
const pinned = new Map<string, string | null>();

/** Keeps to files as they are now: this process works with no other bytes of them. */
export function pinFiles(files: readonly string[]): void {
  for (const file of files) pinned.set(file, digestOf(bytesOf(file)));
}

/**
 * Compares all files that are kept to with what they are now. To be asked before a call, and again where a program is started: a call may take long.
 *
 * Errors  TOOL_CONFIG.
 */
export function requirePinned(): void {
  for (const file of pinned.keys()) requireSameBytes(file, bytesOf(file));
}

/**
 * Compares the bytes of a file that were read, so that nothing can change between the look and the reading. Of other files it says nothing.
 *
 * Errors  TOOL_CONFIG.
 */
export function requireSameBytes(file: string, bytes: Uint8Array | null): void {
  const digest = pinned.get(file);
  if (digest === undefined || digest === digestOf(bytes)) return;
  throw new OneRoofError('TOOL_CONFIG', {
    ...stated`${{ file: printable(file) }} changed after this server started, so no tool is performed with it`,
    fix: 'let a person read the change, and start the server again: oneroof mcp',
    place: { file: printable(file) },
  });
}

/** The words of a command that are files below a folder: a program there, or a script that a program reads. */
export function filesNamed(folder: string, words: readonly string[]): readonly string[] {
  return words
    .map((word) => resolve(folder, word.slice(word.indexOf('=') + 1)))
    .filter((file) => !/^(?:$|\.\.(?:\/|$))/.test(relative(folder, file)));
}

function bytesOf(file: string): Uint8Array | null {
  try {
    // a pipe would wait for its writer
    return statSync(file).isFile() ? readFileSync(file) : null;
  } catch {
    return null;
  }
}

function digestOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : createHash('sha256').update(bytes).digest('hex');
}
