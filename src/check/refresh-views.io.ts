import { fixed, type Session, sql } from '../database/index.ts';

/**
 * Refreshes the materialized views that have been filled, so that they hold what their tables hold: else a migration that makes one again seems to
 * change its rows. The session is outside of a transaction.
 */
export async function refreshFilledViews(session: Session): Promise<void> {
  // one that reads another was made after it
  const views = await session.query<{ name: string }>(
    sql`select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'm' and c.relispopulated order by c.oid`,
  );
  for (const { name } of views)
    try {
      await session.query(sql`refresh materialized view ${fixed(name)}`);
    } catch {
      // its query fails on these rows, or it belongs to another role: it keeps what it held
    }
}
