import { printable } from '../core/index.ts';
import { findBehind } from './behind.io.ts';
import { type Session } from './session.io.ts';
import { sql } from './sql.ts';
import { isRowSecurity, sqlStateOf } from './sqlstate.ts';

/**
 * What to do where rows are the reason that a statement was refused: a sequence that is behind its column, or row security that would hide rows from
 * the statement; null where it is neither. The transaction of the statement has been rolled back.
 *
 * Source  PostgreSQL manual, "Error and Notice Message Fields" and "Row Security Policies".
 */
export async function explainRefusedRows(session: Session, error: unknown): Promise<string | null> {
  if (sqlStateOf(error) === '23505') return await behind(session, error);
  return isRowSecurity(error) ? await hidden(session, error) : null;
}

async function behind(session: Session, error: unknown): Promise<string | null> {
  const { schema, table } = error as { readonly schema?: string; readonly table?: string };
  if (schema === undefined || table === undefined) return null;
  const [row] = await session.query<{ name: string }>(
    sql`select pg_catalog.format('%I.%I', ${schema}::text, ${table}::text) as name`,
  );
  const [first] = await findBehind(session, [row?.name ?? '']);
  return first === undefined
    ? null
    : `${first.text}; in production, as after a restore: ${first.fix}; then \`oneroof clone golden\`, and rehearse again`;
}

async function hidden(session: Session, error: unknown): Promise<string | null> {
  // the server fills no field with the name of the table, and the words around it are in its language
  const named = /"(.+)"/.exec(error instanceof Error ? error.message : '')?.[1];
  const [row] = await session.query<{ table: string; owns: string; owner: string; role: string }>(sql`
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as table, pg_catalog.pg_has_role(c.relowner, 'usage')::text as owns,
      pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) as owner, pg_catalog.quote_ident(current_user) as role
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relname = ${named ?? null} and c.relrowsecurity and pg_catalog.row_security_active(c.oid) limit 1`);
  if (row === undefined) return null;
  const { table, owns, owner, role } = row;
  const why = `row security hides rows of ${table} from ${role}, so the statement would change only some of them, or none`;
  return printable(
    owns === 'true'
      ? `${why}; begin the tier with: alter table ${table} no force row level security; and end it with: alter table ${table} force row level security;`
      : `${why}; in production, as a superuser: alter table ${table} owner to ${role}; (it is ${owner}), then \`oneroof clone golden\`, and rehearse again`,
  );
}
