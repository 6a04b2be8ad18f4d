import { type Session, sql } from '../database/index.ts';
import { type ProductionSizes } from './production-sizes.ts';

/**
 * Reads how large each table and materialized view of a database is. The catalogue and the sizes of files are read, and no rows.
 *
 * Units   rows as the server estimates them, bytes.
 * Source  PostgreSQL manual, "pg_class" (reltuples), "Database Object Size Functions".
 */
export async function readSizes(session: Pick<Session, 'query'>, name: string): Promise<ProductionSizes> {
  const tables = await session.query<{ name: string; rows: string | null; heap: string; bytes: string }>(sql`
    select s.name, s.heap::text as heap, s.bytes::text as bytes,
      case when s.heap = 0 then '0' when s.reltuples >= 0 then s.reltuples::bigint::text end as rows
    from (select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, c.reltuples,
        pg_catalog.pg_relation_size(c.oid) as heap, pg_catalog.pg_total_relation_size(c.oid) as bytes
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema') s
    where s.heap is not null`);
  return {
    name,
    tables: new Map(
      tables.map(({ name: table, rows, heap, bytes }) => [
        table,
        { rows: rows === null ? null : Number(rows), heap: Number(heap), bytes: Number(bytes) },
      ]),
    ),
  };
}
