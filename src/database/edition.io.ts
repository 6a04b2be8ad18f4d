import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OneRoofError, stated } from '../core/index.ts';
import { type Binaries } from './binaries.io.ts';

/** Which PostgreSQL the programs are of, without starting it. */
export interface ServerEdition {
  /** As a server says it: `18.4`. */
  readonly version: string;
  /** All that tells it from another build, with the names and sizes of the files of its extensions. */
  readonly details: string;
}

/**
 * Asks the programs which PostgreSQL they are of.
 *
 * Errors  SERVER_START where they do not say.
 */
export function serverEdition({ folder, major, runAs }: Binaries): ServerEdition {
  const who = runAs === null ? {} : { uid: runAs.uid, gid: runAs.gid };
  const options = { ...who, cwd: '/', encoding: 'utf8', timeout: 5000 } as const;
  const line = (spawnSync(join(folder, 'postgres'), ['--version'], options).stdout ?? '').trim();
  const [, version] = /^postgres \(PostgreSQL\) (\S+)/.exec(line) ?? [];
  if (version === undefined)
    throw new OneRoofError('SERVER_START', {
      ...stated`${{ program: join(folder, 'postgres') }} --version gives no version of PostgreSQL`,
      fix: 'check that its files are whole and that its user may run it',
    });
  const extensions = [
    join(folder, '..', 'share', 'extension'),
    join(folder, '..', 'share', 'postgresql', 'extension'),
    `/usr/share/postgresql/${major}/extension`,
  ].flatMap(filesIn);
  return { version, details: [line, process.platform, process.arch, ...extensions].join('\n') };
}

/** The names and sizes of the files of a folder; none where there is no such folder. */
function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .toSorted()
      .map((name) => `${name} ${statSync(join(folder, name)).size}`);
  } catch {
    return [];
  }
}
