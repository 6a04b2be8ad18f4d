import { printable } from '../core/index.ts';
import { type Session } from './session.io.ts';
import { sql } from './sql.ts';

/** The tables whose rows row security hides from a role, and the SQL that lets it read them. */
export interface Guarded {
  readonly text: string;
  readonly fix: string;
}

/** So many tables are named. */
const named = 5;

/**
 * Names the tables that the current role may read and whose rows row security keeps from it; null: there is none. A session of ours has
 * row_security off, so that a count is never one of some rows: the server refuses to read such a table.
 *
 * Source  PostgreSQL manual, "Row Security Policies": owners are exempt unless it is forced, roles with BYPASSRLS always.
 */
export async function findGuarded(reading: Pick<Session, 'query'>): Promise<Guarded | null> {
  const rows = await reading.query<{ name: string; forced: string; role: string; gate: string }>(sql`
    select format('%I.%I', n.nspname, c.relname) as name, c.relforcerowsecurity::text as forced, quote_ident(current_user) as role,
      (to_regnamespace('gate') is not null and current_user = 'oneroof_observer')::text as gate
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and c.relrowsecurity and n.nspname <> 'gate' and n.nspname !~ '^pg_'
      and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') and row_security_active(c.oid)
    order by 1`);
  const [first] = rows;
  if (first === undefined) return null;
  const { role } = first;
  const more = rows.length - named;
  const tables = rows.slice(0, named).map(({ name, forced }) => `${name}${forced === 'true' ? ' (forced)' : ''}`);
  const view =
    'let metrics read a view, with SELECT for the observer, that the owner of the table owns; where row security is forced, one that a role with BYPASSRLS owns: ratified steps run as the owner, from whom it hides rows too';
  return {
    text: printable(
      `row security keeps rows of ${tables.join(', ')}${more > 0 ? ` and ${more} more` : ''} from ${role}, so queries that read them are refused`,
    ),
    // with its gate, the attributes of this role are part of what the gate compares
    fix: printable(first.gate === 'true' ? view : `as a superuser: alter role ${role} bypassrls; -- or ${view}`),
  };
}
