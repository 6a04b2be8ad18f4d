import { accessSync, constants, lstatSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { type Context } from './verb.ts';

/** A new file that a command writes at its end. */
export interface NewFile {
  readonly path: string;
  /** Writes it, and never over another one. */
  write(text: string, mode?: number): void;
}

/**
 * Names the file that a command is to write, before it works for it.
 *
 * Errors  ALREADY_EXISTS, CONFIG_NOT_FOUND where its folder is not there or may not be written; also of `write`.
 */
export function newFile(context: Context, name: string): NewFile {
  const path = resolve(context.folder, name);
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw alreadyThere(path);
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw notWritable(path, cause);
  }
  return {
    path,
    write: (text, mode = 0o666) => {
      try {
        writeFileSync(path, text, { flag: 'wx', mode });
      } catch (cause) {
        throw (cause as NodeJS.ErrnoException).code === 'EEXIST' ? alreadyThere(path, cause) : notWritable(path, cause);
      }
    },
  };
}

function alreadyThere(path: string, cause?: unknown): OneRoofError {
  return new OneRoofError('ALREADY_EXISTS', {
    ...stated`${{ file: printable(path) }} exists already`,
    fix: 'name another file with --out, or remove it first',
    cause,
  });
}

function notWritable(path: string, cause: unknown): OneRoofError {
  return new OneRoofError('CONFIG_NOT_FOUND', {
    ...stated`${{ file: printable(path) }} cannot be written: ${{ code: (cause as NodeJS.ErrnoException).code ?? 'for an unknown reason' }}`,
    fix: 'name with --out a file in an existing folder that you may write to',
    cause,
  });
}
