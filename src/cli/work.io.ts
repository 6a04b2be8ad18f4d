import { accessSync, constants, lstatSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type ActivityBoard, openFolderBoard, openPostgresBoard } from '../activity/index.ts';
import { type CloneHost, openCloneHost } from '../clone/index.ts';
import { OneRoofError, printable } from '../core/index.ts';
import { type EvidenceStore, openFolderStore, openPostgresStore } from '../evidence/index.ts';
import { readSealed, type SealedRelease } from '../release/index.ts';
import { readSetup, type Setup, type Target, targetOf } from '../setup/index.ts';
import { type Context } from './verb.ts';

/** The release folder that a command names; `release` below the folder, or the folder itself, where it names none. */
export function releaseFolder(context: Context): string {
  return resolve(context.folder, context.arguments[0] ?? '.');
}

/** What the commands of a sealed release work on. */
export interface Work {
  readonly setup: Setup;
  readonly sealed: SealedRelease;
  readonly store: EvidenceStore;
}

/** Reads oneroof.yaml and the sealed release, and opens the evidence store. */
export async function openWork(context: Context): Promise<Work> {
  const setup = await readSetup(context.folder);
  const sealed = await readSealed(releaseFolder(context));
  return { setup, sealed, store: openStore(setup) };
}

/** Opens the evidence store that oneroof.yaml names. */
export function openStore({ evidence }: Setup): EvidenceStore {
  return evidence.kept === 'folder'
    ? openFolderStore(evidence.folder)
    : openPostgresStore(evidence.connection, { keyFile: evidence.keyFile });
}

/** Opens the board of what runs now: beside the evidence. */
export function openBoard({ evidence }: Setup): ActivityBoard {
  return evidence.kept === 'folder' ? openFolderBoard(evidence.folder) : openPostgresBoard(evidence.connection);
}

/** The target that a command names, or the default one. */
export function targetFor(setup: Setup, context: Context): Target {
  const name = context.options['target'];
  return targetOf(setup, typeof name === 'string' ? name : setup.defaultTarget);
}

/** Opens the clone server of oneroof.yaml for one command, and closes it whatever happens. */
export async function withHost<T>(setup: Setup, use: (host: CloneHost) => Promise<T>): Promise<T> {
  if (setup.clone === null) {
    throw new OneRoofError('CONFIG_INVALID', {
      problem: `${setup.file} names no place for clones`,
      fix: 'fill in `clone:` in oneroof.yaml',
    });
  }
  const host = await openCloneHost(setup.clone);
  try {
    return await use(host);
  } finally {
    await host.close();
  }
}

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
    problem: `${printable(path)} is there already`,
    fix: 'name another file with --out, or remove it first',
    cause,
  });
}

function notWritable(path: string, cause: unknown): OneRoofError {
  return new OneRoofError('CONFIG_NOT_FOUND', {
    problem: `${printable(path)} cannot be written: ${(cause as NodeJS.ErrnoException).code ?? 'for an unknown reason'}`,
    fix: 'name with --out a file in a folder that is there and that you may write to',
    cause,
  });
}
