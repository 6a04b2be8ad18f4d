import { type Session, sql } from '../database/index.ts';
import { type DataFingerprint } from '../fingerprint/index.ts';

/** A table with rows that is older than the migration. */
export interface OldTable {
  readonly oid: string;
  /** `schema.name`, quoted as in SQL. */
  readonly name: string;
  readonly file: string;
}

/** The state of one old table inside a transaction; null: it was dropped. */
export interface TableState {
  /** `schema.name`, quoted as in SQL. */
  readonly name: string;
  readonly file: string;
  /** Names of the columns by number. */
  readonly columns: Readonly<Record<string, string>>;
  /** Rows that this transaction has updated. */
  readonly updated: number;
  /** Scans of the whole table by this transaction. */
  readonly scans: number;
  /** Columns that were dropped, by number. */
  readonly dropped: readonly number[];
}

/** What a transaction holds and did at one moment. */
export interface Moment {
  readonly tables: ReadonlyMap<string, TableState | null>;
  /** Mode → tables, of the relation locks that it holds. */
  readonly locks: readonly (readonly [oid: string, mode: string])[];
}

/** The tables of a database that have rows, partitions by themselves; those that were counted are not asked again. */
export async function tablesWithRows(
  session: Session,
  { relations }: Pick<DataFingerprint, 'relations'>,
): Promise<readonly OldTable[]> {
  const counted = new Map(relations.map(({ relation, rows }) => [relation, rows]));
  const tables = await session.query<OldTable>(sql`
    select c.oid::text as oid, format('%I.%I', n.nspname, c.relname) as name, c.relfilenode::text as file
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and pg_relation_size(c.oid) > 0`);
  const found: OldTable[] = [];
  for (const table of tables) {
    const rows = counted.get(table.name);
    const isFilled =
      rows === undefined
        ? (await session.rows(`select 1 from only ${table.name} limit 1`, { maxRows: 1 })).length > 0
        : rows !== '0';
    if (isFilled) found.push(table);
  }
  return found;
}

/**
 * Reads what the transaction of a session has done to the old tables and which locks it holds. It also lets the server tell again what a DROP …
 * CASCADE takes along, where the migration switched notices off.
 *
 * Source  PostgreSQL manual, "The Cumulative Statistics System" (functions on the current transaction), "pg_locks".
 */
export async function readMoment(session: Session, old: readonly OldTable[]): Promise<Moment> {
  const [row] = await session.query<{ said: string }>(sql`
    select pg_catalog.json_build_object(
      'notices', pg_catalog.set_config('client_min_messages', 'notice', false),
      'locks', (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(l.relation::text, l.mode)), '[]') from pg_catalog.pg_locks l
        where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted and l.relation = any (${old.map(({ oid }) => oid)}::pg_catalog.oid[])),
      'tables', (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(c.oid::text, c.relfilenode::text, pg_catalog.pg_stat_get_xact_numscans(c.oid),
          (select coalesce(pg_catalog.json_agg(a.attnum), '[]') from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attisdropped),
          pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.pg_stat_get_xact_tuples_updated(c.oid),
          (select coalesce(pg_catalog.json_object_agg(a.attnum, pg_catalog.quote_ident(a.attname)), '{}') from pg_catalog.pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped))), '[]')
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = any (${old.map(({ oid }) => oid)}::pg_catalog.oid[])))::text as said`);
  const { locks, tables } = JSON.parse(row?.said ?? '{}') as {
    readonly locks: readonly [string, string][];
    readonly tables: readonly [string, string, number, number[], string, number, Record<string, string>][];
  };
  const states = new Map(
    tables.map(([oid, file, scans, dropped, name, updated, columns]) => [
      oid,
      { file, scans, dropped, name, updated, columns },
    ]),
  );
  return { locks, tables: new Map(old.map(({ oid }) => [oid, states.get(oid) ?? null])) };
}
