import { OneRoofError, printable, stated } from '../core/index.ts';
import { fixed, type Session, sql } from '../database/index.ts';
import { type HistoryForm, historyFormOf } from './tool-histories.ts';
import { type PendingIn } from './history-state.ts';
import { type MigrationProject } from './migration.ts';
import { type ToolHistory } from '../release/index.ts';

/**
 * Reads which migrations a database has not had, as the tool itself decides it. Nothing is written.
 *
 * Errors  HISTORY_UNKNOWN: the tool keeps no history that is read here; HISTORY_WHICH: several tables fit, or `named` does not;
 *         HISTORY_NO_RIGHT: the role may not read it; HISTORY_STOPPED: the tool would stop, because one failed half way.
 */
export async function readPending(
  session: Pick<Session, 'query'>,
  { project, named }: { readonly project: MigrationProject; readonly named: string | null },
): Promise<PendingIn> {
  const form = historyFormOf(project);
  if (form === null)
    throw new OneRoofError('HISTORY_UNKNOWN', {
      ...stated`the history that ${{ tool: project.tool }} keeps is not read here`,
      fix: 'name the first migration that is pending: --from ID',
    });
  const history = await findHistory(session, { form, tool: project.tool, named });
  if (history === null) return { ...form.judge(project.migrations, []), table: null, history, rows: [] };
  const { name: table, readable, ...rest } = history;
  if (readable !== 'true')
    throw new OneRoofError('HISTORY_NO_RIGHT', {
      ...stated`${{ role: printable(rest.role) }} may not read ${{ table: printable(table) }}, the history of ${{ tool: project.tool }}`,
      fix: `run as its owner: grant usage on schema ${printable(rest.quotedSchema)} to ${printable(rest.role)}; grant select on ${printable(table)} to ${printable(rest.role)};`,
    });
  const list = Object.entries(form.columns).map(([name, column]) => `(${column})::text as "${name}"`);
  const rows = await session.query<Record<string, string | null>>(
    sql`select ${fixed(list.join(', '))} from ${fixed(table)}`,
  );
  const state = form.judge(project.migrations, rows);
  if (state.stopped !== null)
    throw new OneRoofError('HISTORY_STOPPED', {
      ...stated`${{ table: printable(table) }}: ${{ why: printable(state.stopped) }}`,
      fix: `bring the database and its history in order with ${project.tool}, then run this again`,
    });
  return { ...state, table, history: rest, rows };
}

/** A table that is the history of a tool, and whether the present role may read it. */
interface FoundHistory extends ToolHistory {
  /** With its schema, quoted as in SQL. */
  readonly name: string;
  readonly quotedSchema: string;
  readonly owner: string;
  readonly role: string;
  readonly readable: string;
}

async function findHistory(
  session: Pick<Session, 'query'>,
  of: { readonly form: HistoryForm; readonly tool: string; readonly named: string | null },
): Promise<FoundHistory | null> {
  const { has, hasNot = [] } = of.form;
  const [last = '', schema] = of.form.table.split('.').toReversed();
  const rows = await session.query<FoundHistory & { plain: string }>(sql`
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, n.nspname || '.' || c.relname as plain, n.nspname as schema,
      c.relname as table, pg_catalog.quote_ident(n.nspname) as "quotedSchema", pg_catalog.pg_get_userbyid(c.relowner) as owner,
      pg_catalog.current_database() as database, pg_catalog.quote_ident(current_user) as role,
      (pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT'))::text as readable
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    cross join lateral (select pg_catalog.array_agg(a.attname::text) as names from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) columns
    where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and columns.names @> ${[...has]}::text[] and not columns.names && ${[...hasNot]}::text[]
      and (${of.named}::text is not null or (c.relname = ${last} and (${schema ?? null}::text is null or n.nspname = ${schema ?? null})
        and (${schema ?? null}::text is not null or n.nspname <> 'hdb_catalog')))
    order by 1`);
  const found = of.named === null ? rows : rows.filter(({ name, plain }) => [name, plain].includes(of.named ?? ''));
  const [first, ...others] = found;
  if (of.named !== null && first === undefined)
    throw new OneRoofError('HISTORY_WHICH', {
      ...stated`${{ table: printable(of.named) }} is not a table of the form that ${{ tool: of.tool }} has for its history`,
      fix:
        rows.length === 0
          ? 'leave --history out if nothing was ever run there'
          : `name one of these: --history ${printable(rows.map(({ plain }) => plain).join(', '))}`,
    });
  if (others.length > 0)
    throw new OneRoofError('HISTORY_WHICH', {
      ...stated`several tables look like the history of ${{ tool: of.tool }}: ${{ tables: found.map(({ plain }) => printable(plain)) }}`,
      fix: `name one: --history ${printable(first?.plain ?? '')}`,
    });
  return first ?? null;
}
