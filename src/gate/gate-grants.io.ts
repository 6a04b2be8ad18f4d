import { OneRoofError, printable, stated } from '../core/index.ts';
import { describe, fixed, type Session, sql } from '../database/index.ts';
import { callerRights } from './callers.ts';
import { roleProblems } from './install.ts';

/** Where the gate's roles may create objects, as SQL that ends it. PostgreSQL before 15 lets everyone create in schema public. */
const openSchemas = sql`
  select format('revoke create on schema %I from %s;', n.nspname, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end) as fix
  from pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
  where a.privilege_type = 'CREATE' and (a.grantee = 0 or pg_get_userbyid(a.grantee) in ('oneroof_executor', 'oneroof_relay', 'oneroof_observer'))
    and n.nspname !~ '^pg_(toast_)?temp_'
  order by 1`;

/** With a schema that is open to everyone the gate would be closed from its first day on: better known now than at the first rollout. */
export async function refuseOpenSchemas(session: Session): Promise<void> {
  const rows = await session.query<{ fix: string }>(openSchemas);
  OneRoofError.throwIfAny(
    rows.map(({ fix }) => ({
      code: 'GATE_SCHEMA_OPEN' as const,
      ...stated`${{ connection: describe(session.connection) }}: the gate's roles may create objects in a schema, and ratified SQL would use them`,
      fix: `as its owner: ${printable(fix)} then grant it to the roles of the application that need it`,
    })),
  );
}

/** A role of the gate that is a member of the application's owner would go past the gate by SET ROLE. */
export async function refuseRoles(session: Session): Promise<void> {
  const rows = await session.query<{ why: string; fix: string }>(sql`${fixed(roleProblems)}`);
  OneRoofError.throwIfAny(
    rows.map(({ why, fix }) => ({
      code: 'GATE_ROLES' as const,
      ...stated`${{ connection: describe(session.connection) }}: a role of the gate exists already, and ${{ why: printable(why) }}`,
      fix: `as a superuser, or the role that made it: ${printable(fix)} then run the same command again`,
    })),
  );
}

/**
 * Names each right on the gate's functions that a role lacks or has in excess, each schema in which its roles may create objects, and
 * each SECURITY DEFINER function outside of the gate that its executor or relay may call, as SQL to run; null where there is no gate.
 */
export async function findGrants(reading: Pick<Session, 'query'>): Promise<readonly string[] | null> {
  const [gate] = await reading.query<{ there: string | null }>(sql`select to_regnamespace('gate')::text as there`);
  if (gate?.there == null) return null;
  const wanted = JSON.stringify(
    Object.entries(callerRights).flatMap(([role, functions]) => functions.map((name) => ({ role, name }))),
  );
  const rows = await reading.query<{ fix: string }>(sql`
    with f as (select p.oid, p.proname, p.proowner, p.proacl from pg_proc p where p.pronamespace = 'gate'::regnamespace),
    wanted as (select f.oid, to_regrole(w.role)::oid as role
      from json_to_recordset(${wanted}::json) w(role text, name text) join f on f.proname = w.name),
    held as (select f.oid, a.grantee as role from f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a where a.grantee <> f.proowner)
    select format('grant execute on function %s to %I;', oid::regprocedure, pg_get_userbyid(role)) as fix
      from (select oid, role from wanted except select oid, role from held) lacks
    union all select format('revoke all on function %s from %s;', oid::regprocedure, case role when 0 then 'public' else quote_ident(pg_get_userbyid(role)) end)
      from (select oid, role from held except select oid, role from wanted) excess
    union all select format('revoke all on table %s from %s;', c.oid::regclass, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end)
      from pg_class c, aclexplode(c.relacl) a where c.relnamespace = 'gate'::regnamespace and c.relkind in ('r', 'v', 'S') and a.grantee <> c.relowner
      group by c.oid, a.grantee
    union all select format('revoke execute on function %s from public, oneroof_executor, oneroof_relay; -- it runs as %s', p.oid::regprocedure, pg_get_userbyid(p.proowner))
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.prosecdef and n.nspname not in ('gate', 'pg_catalog', 'information_schema')
        and exists (select from pg_roles r where r.rolname in ('oneroof_executor', 'oneroof_relay')
          and has_schema_privilege(r.oid, n.oid, 'usage') and has_function_privilege(r.oid, p.oid, 'execute'))
    union all select format('alter role %I%s reset all; -- %s', r.rolname, case when g.setdatabase <> 0 then format(' in database %I', current_database()) else '' end,
        case r.rolname when 'oneroof_executor' then 'no tier is entered with them' else 'it needs none' end)
      from pg_roles r join pg_db_role_setting g on g.setrole = r.oid where r.rolname in ('oneroof_executor', 'oneroof_relay')
        and g.setdatabase in (0, (select oid from pg_database where datname = current_database()))
    order by 1`);
  return [...rows, ...(await reading.query<{ fix: string }>(openSchemas))].map(({ fix }) => fix);
}
