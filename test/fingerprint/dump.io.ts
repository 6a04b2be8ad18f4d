import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Connection, id, sql } from '../../src/database/index.ts';
import { serverConnection, withSession } from '../database.io.ts';
import { type Version } from '../binaries.io.ts';

/** Where PostgreSQL's own client programs of a major version are. */
export interface Clients {
  readonly major: number;
  readonly folder: string;
}

/**
 * The programs that dump a server of a version: of its own major version where the machine has them, else of the next one that it has; null
 * where it has none. The embedded servers bring none. `ONEROOF_TEST_CLIENTS` names a folder with more: `17/bin/pg_dump`.
 */
export function clientsOf(version: Version): Clients | null {
  const more = process.env['ONEROOF_TEST_CLIENTS'];
  for (let major = Number(version); major <= 18; major += 1)
    for (const base of [...(more === undefined ? [] : [more]), '/usr/lib/postgresql']) {
      const folder = join(base, String(major), 'bin');
      if (existsSync(join(folder, 'pg_dump'))) return { major, folder };
    }
  return null;
}

/** How a copy is made: `custom` is pg_dump and pg_restore, `plain` is pg_dump and psql. */
export type Way = 'custom' | 'plain';

/** What a restore said of statements that failed. */
export interface Restored {
  readonly copy: Connection;
  readonly errors: readonly string[];
}

/**
 * Dumps a database, restores it beside itself, hands the copy over, drops it. What a database has set for itself comes along only with
 * `--create`, for which the copy takes the name of the original: so that is left out here, and `copy` has another name.
 */
export async function withRestored<T>(
  of: { readonly version: Version; readonly connection: Connection; readonly way: Way },
  use: (restored: Restored) => Promise<T>,
): Promise<T> {
  const { version, connection, way } = of;
  const clients = clientsOf(version);
  if (clients === null) throw new Error(`no pg_dump for PostgreSQL ${version} on this machine`);
  const copy = { ...connection, database: `t_${randomBytes(6).toString('hex')}` };
  const folder = await mkdtemp(join(tmpdir(), 'oneroof-dump-'));
  return withSession(serverConnection(version), async (admin) => {
    try {
      await admin.query(sql`create database ${id(copy.database)} template template0`);
      const file = join(folder, 'dump');
      const program = (name: string) => join(clients.folder, name);
      const run = promisify(execFile);
      const format = way === 'custom' ? ['--format=custom'] : [];
      await run(program('pg_dump'), [...format, `--file=${file}`, ...addressOf(connection)]);
      const restoring =
        way === 'custom'
          ? run(program('pg_restore'), [...addressOf(copy), file])
          : run(program('psql'), ['--no-psqlrc', '--quiet', `--file=${file}`, ...addressOf(copy)]);
      // pg_restore goes on after an error, and its exit status tells of one that only a newer program's settings cause
      const said = await restoring.then(({ stderr }) => stderr).catch((error: unknown) => stderrOf(error));
      return await use({ copy, errors: said.split('\n').filter((line) => / ERROR: /.test(line)) });
    } finally {
      await admin.query(sql`drop database if exists ${id(copy.database)} with (force)`);
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** How they are told where a database is. */
export function addressOf({ host, port, user, database }: Connection): readonly string[] {
  return [`--host=${host}`, `--port=${port}`, `--username=${user}`, `--dbname=${database}`];
}

function stderrOf(error: unknown): string {
  if (error instanceof Error && 'stderr' in error && typeof error.stderr === 'string') return error.stderr;
  throw error;
}
