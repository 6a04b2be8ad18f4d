import { printable } from '../core/index.ts';
import { type Session } from './session.io.ts';
import { sql } from './sql.ts';
import { sqlStateOf } from './sqlstate.ts';

/** Errors of a name that is not found, and how the name is written in their messages: with quotes or before parentheses. */
const notFound: Readonly<Record<string, RegExp>> = {
  // undefined_table, undefined_function, undefined_object
  '42P01': /"([^"]+)"/,
  '42883': /([^\s"(«»„“]+)\(/,
  '42704': /"([^"]+)"/,
};

/**
 * What to do where a name was not found, and something of that name is in a schema that the session does not search; null where that is not so.
 *
 * Source  PostgreSQL manual, "PostgreSQL Error Codes". The name is only in the message: for these errors the server fills no other field.
 */
export async function foundElsewhere(session: Session, error: unknown): Promise<string | null> {
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
  const name = notFound[sqlStateOf(error)]?.exec(message)?.[1];
  if (name === undefined || name.includes('.')) return null;
  const rows = await session.query<{ name: string; schema: string; path: string }>(sql`
    select distinct format('%I.%I', n.nspname, o.name) as name, quote_ident(n.nspname) as schema, current_setting('search_path') as path
    from (select relname, relnamespace from pg_class union all select proname, pronamespace from pg_proc union all select typname, typnamespace from pg_type) o (name, namespace)
    join pg_namespace n on n.oid = o.namespace
    where o.name = ${name} and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname <> all (current_schemas(true))
    order by 1 limit 3`);
  const [first] = rows;
  if (first === undefined) return null;
  // names that need no quotes have none in release.yaml, and the schema of temporary tables is never there
  const searched = first.path.replace(/"([a-z_][a-z0-9_$]*)"/g, '$1').replace(/(^|, )pg_temp$/, '');
  return printable(
    `${rows.map((row) => row.name).join(' and ')} ${rows.length === 1 ? 'is' : 'are'} there, and the release searches ${searched === '' ? 'no schema' : searched}: write the schema before the name; where a function of the database names it, add the schema to \`settings.searchPath\` in release.yaml (searchPath: [${[first.schema, ...(searched === '' ? [] : [searched])].join(', ')}])`,
  );
}
