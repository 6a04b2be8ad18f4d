import { printable } from '../core/index.ts';
import { type Session } from './session.io.ts';
import { sql } from './sql.ts';

/** An index that no query uses and that writes may still maintain, and what to do with it. */
export interface InvalidIndex {
  readonly text: string;
  readonly fix: string;
}

/**
 * Finds the indexes that a failed CREATE INDEX CONCURRENTLY left: CREATE INDEX IF NOT EXISTS takes one for the wanted index. One that is being
 * built now is none.
 *
 * Source  PostgreSQL manual, "Building Indexes Concurrently"; pg_stat_progress_create_index.
 */
export async function findInvalidIndexes(reading: Pick<Session, 'query'>): Promise<readonly InvalidIndex[]> {
  const rows = await reading.query<{ index: string; table: string }>(sql`
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as index, i.indrelid::pg_catalog.regclass::text as table
    from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid and c.relkind = 'i' join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where not (i.indisvalid and i.indisready and i.indislive) and n.nspname !~ '^pg_'
      and not exists (select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = c.oid)
    order by 1`);
  return rows.map(({ index, table }) => ({
    text: printable(
      `index ${index} of ${table} is invalid: no query uses it, and CREATE INDEX IF NOT EXISTS takes it for the wanted one`,
    ),
    fix: printable(
      `drop index concurrently ${index}; -- or: reindex index concurrently ${index}; as the owner of ${table}`,
    ),
  }));
}
