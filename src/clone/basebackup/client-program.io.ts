import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import { systemFolders } from '../../database/index.ts';

/** The programs of PostgreSQL that a base backup needs, by their paths. */
export interface BackupPrograms {
  readonly basebackup: string;
  readonly receivewal: string;
  readonly waldump: string;
}

/**
 * Finds the programs, of production's own major version: in `bin`, where installations keep them, and on PATH. Each is asked for its version.
 *
 * Errors  CLONE_NO_BASEBACKUP.
 */
export function findBackupPrograms(of: { readonly bin: string | null; readonly major: number }): BackupPrograms {
  return {
    basebackup: findProgram('pg_basebackup', of),
    receivewal: findProgram('pg_receivewal', of),
    waldump: findProgram('pg_waldump', of),
  };
}

function findProgram(name: string, of: { readonly bin: string | null; readonly major: number }): string {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const folders = [...(of.bin === null ? [] : [of.bin]), ...systemFolders(of.major), ...onPath];
  const others: string[] = [];
  for (const path of new Set(folders.map((folder) => join(folder, name)))) {
    if (!existsSync(path)) continue;
    const version = versionOf(path);
    if (version === of.major) return path;
    others.push(`${path} is ${version === null ? 'no program of PostgreSQL' : `of ${version}`}`);
  }
  throw new OneRoofError('CLONE_NO_BASEBACKUP', {
    ...stated`${{ name }} of PostgreSQL ${{ major: of.major }}, the version of production, is not on this machine${others.length === 0 ? '' : ` (${printable(others.join(', '))})`}`,
    fix: `install it (Debian: apt-get install postgresql-${of.major}), or set "bin:" of the clone provider in oneroof.yaml to its folder`,
  });
}

/** The major version that a program says it has. */
function versionOf(path: string): number | null {
  const said = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    timeout: 10_000,
    cwd: '/',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const match = /^pg_\w+ \(PostgreSQL\) (\d+)/.exec(said.stdout ?? '');
  return said.status === 0 && match !== null ? Number(match[1]) : null;
}
