import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OneRoofError, printable } from '../core/index.ts';
import { type Binaries, type Connection, foundServer, openSession, type Session, sql } from '../database/index.ts';
import { systemAt } from './providers/physical.io.ts';
import { type SourceLook } from './recommend.ts';

/** What was seen; or why nothing was. */
export type SourceSeen = { readonly look: SourceLook } | { readonly why: string };

/** Looks at a production as any role that can connect: by its catalogues alone and read-only, within seconds. `folder`: where a golden copy would be. */
export async function lookAtProduction(connection: Connection, folder: string): Promise<SourceSeen> {
  try {
    const session = await openSession(connection, {
      applicationName: 'oneroof init',
      settings: { default_transaction_read_only: 'on', statement_timeout: '10s' },
    });
    try {
      return { look: await lookWith(session, folder) };
    } finally {
      await session.close();
    }
  } catch (error) {
    if (error instanceof OneRoofError)
      return { why: printable(`${error.problems[0].problem} (${error.problems[0].fix})`) };
    // a server that refuses a question, or takes too long for it
    if (error instanceof Error && 'code' in error) return { why: printable(error.message) };
    throw error;
  }
}

/** Whether the server proves who it is to this machine, as sslmode verify-full asks; or what it says instead. */
export async function verifiesFully(connection: Connection): Promise<true | string> {
  try {
    const session = await openSession({ ...connection, sslmode: 'verify-full' }, { applicationName: 'oneroof init' });
    await session.close();
    return true;
  } catch (error) {
    if (error instanceof OneRoofError) return printable(error.problems[0].problem);
    throw error;
  }
}

async function lookWith(session: Session, folder: string): Promise<SourceLook> {
  const [row] = await session.query<Record<string, string | null>>(sql`
    select pg_catalog.pg_is_in_recovery()::text as standby, pg_catalog.pg_database_size(d.oid)::text as bytes, me.rolname::text as role, me.rolsuper::text as super,
      (select coalesce(sum(case when has_database_privilege(o.oid, 'connect') then pg_catalog.pg_database_size(o.oid) end), 0)::text from pg_catalog.pg_database o) as server,
      (select setting from pg_catalog.pg_settings where name = 'data_directory') as data,
      (select (count(*) > 2)::text from pg_catalog.pg_tablespace) as tablespaces,
      (select s.version from pg_catalog.pg_stat_ssl s where s.pid = pg_catalog.pg_backend_pid() and s.ssl) as tls,
      pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')::text as may,
      (select pg_catalog.bool_and(pg_catalog.has_function_privilege(p.oid, 'execute'))::text from pg_catalog.pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace and p.proname in ('pg_backup_start', 'pg_backup_stop', 'pg_start_backup', 'pg_stop_backup')) as backup,
      (select count(*)::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate')
          and not (has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'))) as unreadable
    from pg_catalog.pg_database d, pg_catalog.pg_roles me where d.datname = pg_catalog.current_database() and me.rolname = current_user`);
  const extensions = await session.query<{ name: string }>(
    sql`select extname as name from pg_catalog.pg_extension order by 1`,
  );
  const [system] =
    row?.['may'] === 'true'
      ? await session.query<{ id: string }>(
          sql`select system_identifier::text as id from pg_catalog.pg_control_system()`,
        )
      : [];
  const data = row?.['data'] ?? null;
  const binaries = foundServer(Math.floor(session.serverVersion / 10_000));
  const names = extensions.map(({ name }) => name);
  const control = binaries === null ? null : controlFolder(binaries);
  return {
    serverVersion: session.serverVersion,
    isStandby: row?.['standby'] === 'true',
    bytes: Number(row?.['bytes'] ?? 0),
    bytesOfServer: Number(row?.['server'] ?? 0),
    // the path alone could be one of another machine or container: its identity must be the server's
    dataDirectory: data !== null && system !== undefined && systemAt(data) === system.id ? data : null,
    hasTablespaces: row?.['tablespaces'] === 'true',
    role: row?.['role'] ?? session.connection.user,
    isSuperuser: row?.['super'] === 'true',
    mayBackUp: row?.['backup'] === 'true',
    unreadable: Number(row?.['unreadable'] ?? 0),
    tls: row?.['tls'] ?? null,
    extensions: names,
    binaries,
    lacking:
      control === null
        ? null
        : names.filter((name) => !/^[\w-]+$/.test(name) || !existsSync(join(control, `${name}.control`))),
    free: await freeAt(folder),
  };
}

/** Where an installation keeps what it can do; null: not where installations have it. */
function controlFolder({ folder, major }: Binaries): string | null {
  const usual = [
    join(folder, '..', 'share', 'postgresql', 'extension'),
    join(folder, '..', 'share', 'extension'),
    `/usr/share/postgresql/${major}/extension`,
  ];
  return usual.find((one) => existsSync(one)) ?? null;
}

/** The bytes that are free where a folder is, or would be made; null: not known. */
export async function freeAt(folder: string): Promise<number | null> {
  try {
    const space = await statfs(nearestFolder(folder));
    return space.bavail * space.bsize;
  } catch {
    return null;
  }
}

/** The folder itself, or the one that it would be made in. */
export function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}
