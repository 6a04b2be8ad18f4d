import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import { fixed, type Session, sql } from '../../database/index.ts';
import { type MaskTarget } from './mask-targets.io.ts';

/** How a server is started on a copy that is masked: it keeps no WAL file for another use, and makes none with old contents. */
export function maskingSettings(major: number): Readonly<Record<string, string>> {
  return { wal_recycle: 'off', wal_init_zero: 'on', ...(major >= 17 ? { summarize_wal: 'off' } : {}) };
}

/**
 * Removes what masked tables had before from tables, indexes, TOAST and statistics: the tables are built again, their statistics deleted, the
 * catalogues of statistics built again, and all of it analysed.
 */
export async function rewriteMasked(
  session: Session,
  of: { readonly targets: readonly MaskTarget[]; readonly views: readonly string[] },
): Promise<void> {
  const relations = new Map(of.targets.flatMap(({ all }) => all.map(({ oid, name }) => [oid, name] as const)));
  const tables = new Map(of.targets.flatMap(({ tables: own }) => own.map(({ oid, name }) => [oid, name] as const)));
  for (const name of tables.values()) await session.query(sql`vacuum (full) ${fixed(name)}`);
  const names = [...relations.values(), ...of.views];
  await session.query(sql`
    with gone as (select oid from unnest(${names}::regclass[]) as oid),
    indexes as (select i.indexrelid as oid from pg_catalog.pg_index i join gone on gone.oid = i.indrelid)
    delete from pg_catalog.pg_statistic where starelid in (select oid from gone union all select oid from indexes)`);
  await session.query(sql`
    delete from pg_catalog.pg_statistic_ext_data where stxoid in (
      select oid from pg_catalog.pg_statistic_ext where stxrelid = any(${names}::regclass[]))`);
  await session.query(sql`vacuum (full) pg_catalog.pg_statistic`);
  await session.query(sql`vacuum (full) pg_catalog.pg_statistic_ext_data`);
  for (const name of names) await session.query(sql`analyze ${fixed(name)}`);
}

/**
 * Removes old values from the files of a private server: its WAL, relations that no catalogue knows, and whatever is not of PostgreSQL.
 *
 * Errors  CLONE_MASK_FAILED where WAL from before remains.
 */
export async function removeOldFiles(session: Session, data: string): Promise<void> {
  await session.query(sql`checkpoint`);
  await session.query(sql`select pg_catalog.pg_switch_wal()`);
  await session.query(sql`checkpoint`);
  const old = await session.query<{ name: string }>(sql`
    select name from pg_catalog.pg_ls_waldir(), pg_catalog.pg_control_checkpoint() c
    where name ~ '^[0-9A-F]{24}' and name < pg_catalog.pg_walfile_name(c.redo_lsn) order by 1`);
  if (old.length > 0)
    throw new OneRoofError('CLONE_MASK_FAILED', {
      ...stated`the server of the copy keeps ${{ count: old.length }} WAL files from before it was masked: ${{ file: printable(old[0]?.name ?? '') }}`,
      fix: 'run the same command again; where it says the same, please report it',
    });
  await removeUnknownRelations(session, data);
  for (const name of await readdir(join(data, 'pg_stat'))) await remove(join(data, 'pg_stat', name));
  for (const name of await readdir(data)) if (!ownFiles.has(name)) await remove(join(data, name));
}

const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

/** What PostgreSQL has in a data directory. All else came with a copy of the files: logs, old dumps, keys. Source: PostgreSQL manual, "Database File Layout". */
const ownFiles: ReadonlySet<string> = new Set([
  'PG_VERSION',
  'base',
  'global',
  ...['commit_ts', 'dynshmem', 'logical', 'multixact', 'notify', 'replslot', 'serial', 'snapshots', 'stat'].map(
    (name) => `pg_${name}`,
  ),
  ...['stat_tmp', 'subtrans', 'tblspc', 'twophase', 'wal', 'xact', 'hba.conf', 'ident.conf'].map(
    (name) => `pg_${name}`,
  ),
  'postgresql.conf',
  'postgresql.auto.conf',
  'postmaster.pid',
  'postmaster.opts',
]);

/** A crash of production leaves files of relations that were never committed, or were dropped. The catalogue says which are known. */
async function removeUnknownRelations(session: Session, data: string): Promise<void> {
  const [own] = await session.query<{ oid: string }>(
    sql`select oid::text as oid from pg_catalog.pg_database where datname = pg_catalog.current_database()`,
  );
  const base = join(data, 'base');
  const folder = join(base, own?.oid ?? '');
  const numbered = async (path: string): Promise<readonly string[]> =>
    (await readdir(path)).filter((name) => /^\d+([_.]|$)/.test(name));
  const relations = await session.query<{ name: string }>(sql`
    select name from pg_catalog.json_array_elements_text(${JSON.stringify(await numbered(folder))}::json) as name
    where substring(name from '^[0-9]+') not in (
      select pg_catalog.pg_relation_filenode(oid)::text from pg_catalog.pg_class where pg_catalog.pg_relation_filenode(oid) is not null)`);
  for (const { name } of relations) await remove(join(folder, name));
  const databases = await session.query<{ name: string }>(sql`
    select name from pg_catalog.json_array_elements_text(${JSON.stringify(await numbered(base))}::json) as name
    where name not in (select oid::text from pg_catalog.pg_database)`);
  for (const { name } of databases) await remove(join(base, name));
}
