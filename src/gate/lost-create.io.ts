import { printable } from '../core/index.ts';
import { type Session, sql } from '../database/index.ts';
import { type Lacking } from './needs.io.ts';

/**
 * Finds the schemas in which the role that ratified steps run as owns tables and may not create any more: `public`, where it owns none.
 * From PostgreSQL 15 on `public` belongs to the owner of the database, so the application's role loses CREATE when another role becomes the owner.
 *
 * Shape   `role` null: the gate's own; where there is no gate, the owner of the database.
 * Source  PostgreSQL manual, "Predefined Roles": pg_database_owner.
 */
export async function findShut(reading: Pick<Session, 'query'>, role: string | null): Promise<readonly Lacking[]> {
  const rows = await reading.query<{ role: string; schema: string; owner: string; fix: string }>(sql`
    with app as (select oid, rolname from pg_catalog.pg_roles where rolname = coalesce(${role}::text,
      (select pg_catalog.pg_get_userbyid(p.proowner)::text from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'gate' and p.proname = 'execute_step'),
      (select pg_catalog.pg_get_userbyid(d.datdba)::text from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()))),
    own as (select distinct c.relnamespace as oid from pg_catalog.pg_class c, app where c.relowner = app.oid and c.relkind in ('r', 'p'))
    select app.rolname as role, pg_catalog.format('%I', n.nspname) as schema,
      case pg_catalog.pg_get_userbyid(n.nspowner) when 'pg_database_owner' then pg_catalog.pg_get_userbyid(d.datdba) else pg_catalog.pg_get_userbyid(n.nspowner) end as owner,
      pg_catalog.format('grant create on schema %I to %I;', n.nspname, app.rolname) as fix
    from app, pg_catalog.pg_namespace n join pg_catalog.pg_database d on d.datname = pg_catalog.current_database()
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate')
      and (n.oid in (select oid from own) or n.nspname = 'public' and not exists (select from own))
      and not pg_catalog.has_schema_privilege(app.oid, n.oid, 'CREATE')
    order by 2`);
  return rows.map(({ role: app, schema, owner, fix }) => ({
    text: printable(
      `${app}, the role of ratified steps, may not create objects in schema ${schema}, which belongs to ${owner}`,
    ),
    fix: printable(`as ${owner} or a superuser: ${fix}`),
  }));
}
