import { OneRoofError, printable } from '../core/index.ts';
import { type Connection, openSession, sql } from '../database/index.ts';

/** What is known of the database that a new oneroof.yaml is for. */
export interface FoundDatabase {
  readonly connection: Connection;
  /** The schemas that hold tables, and the roles that own them; null: it could not be read, and why not. */
  readonly read: { readonly schemas: readonly string[]; readonly owners: readonly string[] } | { readonly why: string };
}

/** Reads what schemas a database has and who owns its tables, by catalogue alone and read-only. That it cannot be read is a value. */
export async function findDatabase(connection: Connection): Promise<FoundDatabase> {
  try {
    const session = await openSession(connection, {
      applicationName: 'oneroof init',
      settings: { default_transaction_read_only: 'on', statement_timeout: '10s' },
    });
    try {
      const rows = await session.query<{ schema: string; owner: string }>(sql`
        select distinct n.nspname as schema, pg_catalog.pg_get_userbyid(c.relowner) as owner
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate', 'oneroof_evidence')
          and not exists (select from pg_catalog.pg_depend e where e.classid = 'pg_catalog.pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
        order by 1, 2`);
      const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];
      return {
        connection,
        read: { schemas: unique(rows.map(({ schema }) => schema)), owners: unique(rows.map(({ owner }) => owner)) },
      };
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!(error instanceof OneRoofError)) throw error;
    return { connection, read: { why: printable(`${error.problems[0].problem} (${error.problems[0].fix})`) } };
  }
}
