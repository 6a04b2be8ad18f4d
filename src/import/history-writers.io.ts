import { printable } from '../core/index.ts';
import { type Session, sql } from '../database/index.ts';
import { histories } from './tool-histories.ts';

/** A role by which an application could run migrations by itself, past the gate. */
export interface HistoryWriter {
  readonly text: string;
  /** The SQL that takes the right. */
  readonly fix: string;
}

interface Found {
  readonly table: string;
  readonly plain: string;
  readonly schema: string;
  /** A list as JSON, like `through`. */
  readonly columns: string;
  readonly role: string;
  /** The role of the gate that runs ratified steps. */
  readonly runs: string;
  readonly owns: string;
  readonly isRunner: string;
  readonly granted: string;
  /** Roles that it is a member of, and that may write to the table. */
  readonly through: string;
}

/**
 * The roles that can log in, own tables and write to the history of a migration tool: with one of them, an application that migrates when it starts
 * changes the database without a ratification, and the gate sees it only afterwards. Empty where there is no gate or no history.
 */
export async function findHistoryWriters(session: Pick<Session, 'query'>): Promise<readonly HistoryWriter[]> {
  const names = Object.values(histories).map(({ table }) => table.split('.').at(-1) ?? '');
  const rows = await session.query<Found>(sql`
    with runner as (select p.proowner as oid from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname = 'gate' and p.proname = 'execute_step' limit 1)
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as "table", c.relname::text as plain, n.nspname::text as schema,
      (select pg_catalog.json_agg(a.attname)::text from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      pg_catalog.quote_ident(r.rolname) as role, pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.oid)) as runs,
      (r.oid = c.relowner)::text as owns, (r.oid = g.oid)::text as "isRunner",
      exists (select from pg_catalog.aclexplode(c.relacl) x where x.grantee = r.oid and x.privilege_type = 'INSERT')::text as granted,
      pg_catalog.to_json(array(select pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(m.roleid)) from pg_catalog.pg_auth_members m
        where m.member = r.oid and pg_catalog.has_table_privilege(m.roleid, c.oid, 'INSERT') order by 1))::text as through
    from runner g cross join pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace cross join pg_catalog.pg_roles r
    where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and c.relname::text = any(${names}::text[])
      and r.rolcanlogin and not r.rolsuper and pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT')
      and exists (select from pg_catalog.pg_class t join pg_catalog.pg_namespace s on s.oid = t.relnamespace
        where t.relkind in ('r', 'p') and s.nspname !~ '^pg_' and s.nspname not in ('information_schema', 'gate')
          and pg_catalog.pg_has_role(r.oid, t.relowner, 'USAGE'))
    order by 1, r.rolname`);
  return rows.flatMap((row) => {
    const tool = toolOf(row);
    return tool === null ? [] : [{ text: printable(textOf(row, tool)), fix: printable(fixOf(row)) }];
  });
}

/** The tool whose history a table is, by its name and its columns. */
function toolOf({ plain, schema, columns: list }: Found): string | null {
  const columns = JSON.parse(list) as readonly string[];
  const found = Object.entries(histories).find(([, { table, has, hasNot = [] }]) => {
    const [name, within] = table.split('.').toReversed();
    return (
      name === plain &&
      (within === undefined || within === schema) &&
      has.every((one) => columns.includes(one)) &&
      !hasNot.some((one) => columns.includes(one))
    );
  });
  return found?.[0] ?? null;
}

function textOf({ role, table }: Found, tool: string): string {
  return `${role} can log in, owns tables and may write to ${table}: an application that runs ${tool} when it starts changes the database without the gate`;
}

function fixOf({ role, table, runs, owns, isRunner, granted, through }: Found): string {
  if (isRunner === 'true')
    return `let the application log in as a role that owns nothing, then: alter role ${role} nologin;`;
  if (owns === 'true') return `alter table ${table} owner to ${runs};`;
  const rights = `insert, update, delete, truncate on table ${table}`;
  const found = [
    ...(granted === 'true' ? [`revoke ${rights} from ${role};`] : []),
    ...(JSON.parse(through) as readonly string[]).map((one) => `revoke ${one} from ${role};`),
  ];
  return found.length > 0 ? found.join(' ') : `revoke ${rights} from public;`;
}
