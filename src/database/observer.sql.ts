import { type Sql, sql } from './sql.ts';

/** Predefined roles that let their member write, act on the server, disturb other sessions, or read past every grant. */
const strongRoles = [
  'pg_write_all_data',
  'pg_read_all_data',
  'pg_write_server_files',
  'pg_read_server_files',
  'pg_execute_server_program',
  'pg_signal_backend',
  'pg_signal_autovacuum_worker',
  'pg_maintain',
  'pg_checkpoint',
  'pg_create_subscription',
];

/** Extensions whose functions act outside the transaction that calls them, so that no rollback undoes what they did. */
const outwardExtensions = ['dblink', 'http', 'pg_net', 'pg_background', 'pg_cron', 'plsh', 'aws_s3', 'aws_lambda'];

/** Privileges on a relation that let a role change something or hold strong locks. */
const relationPrivileges = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN'];

/** A superuser and an owner need their rights, so we do not suggest revoking them. */
const anotherRole =
  'use another role: run the SQL of `oneroof grants` as a superuser or the owner, and set that role in the address of the target';

/**
 * Every way in which the current role could write, with the statement that removes it.
 * Grants are read from the access lists, so that what PUBLIC has counts; roles that it could become by SET ROLE count too.
 *
 * Shape   rows of (reason, fix), sorted.
 * Source  PostgreSQL manual, "Privileges", "Predefined Roles", aclexplode and acldefault.
 */
export function waysToWrite(): Sql {
  return sql`
with reachable as materialized (
  select r.oid, r.rolname, r.oid = me.oid as self, quote_ident(me.rolname) as me, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication
  from pg_catalog.pg_roles r, pg_catalog.pg_roles me
  where me.rolname = current_user
    and case when me.rolsuper then r.oid = me.oid else pg_has_role(me.oid, r.oid, 'MEMBER') end
), attributes as (
  select r.*, a.word, a.off from reachable r, lateral (values
    ('a superuser', 'nosuperuser', r.rolsuper), ('CREATEDB', 'nocreatedb', r.rolcreatedb),
    ('CREATEROLE', 'nocreaterole', r.rolcreaterole), ('REPLICATION', 'noreplication', r.rolreplication)) a(word, off, held)
  where a.held
), owned as (
  select relowner as owner, format('%s %s', case relkind when 'S' then 'sequence' when 'v' then 'view' when 'i' then 'index' else 'table' end, c.oid::regclass) as what
  from pg_catalog.pg_class c where relkind <> 't'
  union all select proowner, format('function %s', oid::regprocedure) from pg_catalog.pg_proc
  union all select nspowner, format('schema %I', nspname) from pg_catalog.pg_namespace
  union all select lomowner, format('large object %s', oid) from pg_catalog.pg_largeobject_metadata
  union all select datdba, format('database %I', datname) from pg_catalog.pg_database where datname = current_database()
), grants as (
  select x.grantee, x.privilege_type as privilege,
    format('%s %s', case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass) as what
  from pg_catalog.pg_class c, aclexplode(c.relacl) x
  where c.oid <> 'pg_catalog.pg_settings'::regclass
    and (x.privilege_type = any(${relationPrivileges}::text[]) or c.relkind = 'S' and x.privilege_type = 'USAGE')
  union all
  select x.grantee, format('%s (%I)', x.privilege_type, a.attname), format('table %s', a.attrelid::regclass)
  from pg_catalog.pg_attribute a, aclexplode(a.attacl) x
  where a.attacl is not null and a.attrelid <> 'pg_catalog.pg_settings'::regclass and x.privilege_type = any(${relationPrivileges}::text[])
  union all
  select x.grantee, x.privilege_type, format('schema %I', n.nspname)
  from pg_catalog.pg_namespace n, aclexplode(n.nspacl) x where x.privilege_type = 'CREATE'
  union all
  select x.grantee, x.privilege_type, format('large object %s', l.oid)
  from pg_catalog.pg_largeobject_metadata l, aclexplode(l.lomacl) x where x.privilege_type = 'UPDATE'
  union all
  select x.grantee, x.privilege_type, format('database %I', d.datname)
  from pg_catalog.pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x
  where d.datname = current_database() and x.privilege_type in ('CREATE', 'TEMPORARY')
)
select format('it %s %s', case when word = 'a superuser' then 'is' else 'has' end, word)
    || case when self then '' else format(' by way of role %I', rolname) end as reason,
  case when self and word = 'a superuser' then ${anotherRole} when self then format('alter role %s %s;', me, off) else format('revoke %I from %s;', rolname, me) end as fix
from attributes
-- a superuser that looks is the wrong role, and keeps what it has
where not self or word = 'a superuser' or not rolsuper
union all
select format('it is a member of %s', rolname), format('revoke %I from %s;', rolname, me)
from reachable where not self and rolname = any(${strongRoles}::text[])
union all
select format('%s owns %s', case when self then 'it' else format('role %I, of which it is a member,', rolname) end, min(what))
    || case when count(*) > 1 then format(' and %s more', count(*) - 1) else '' end,
  case when self then ${anotherRole} else format('revoke %I from %s;', rolname, me) end
from owned join reachable r on r.oid = owned.owner where not rolsuper group by rolname, self, me
union all
select format('%s has %s on %s', coalesce(quote_ident(r.rolname), 'PUBLIC'), string_agg(distinct g.privilege, ', '), g.what),
  format('revoke %s on %s from %s;', lower(string_agg(distinct g.privilege, ', ')), g.what, coalesce(quote_ident(r.rolname), 'public'))
from grants g left join reachable r on r.oid = g.grantee
where (g.grantee = 0 or r.oid is not null) and not exists (select from attributes where word = 'a superuser' and self)
  and not exists (select from owned o where o.what = g.what and o.owner = g.grantee)
group by r.rolname, g.what
union all
select format('it may execute functions of the extension %I, which act outside of its transaction', e.extname),
  format('revoke execute on function %s from public, %s;', string_agg(p.oid::regprocedure::text, ', ' order by p.oid), me.me)
from pg_catalog.pg_extension e
join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_extension'::regclass and d.refobjid = e.oid and d.classid = 'pg_catalog.pg_proc'::regclass
join pg_catalog.pg_proc p on p.oid = d.objid
cross join (select me from reachable where self) me
where e.extname = any(${outwardExtensions}::text[]) and has_function_privilege(p.oid, 'EXECUTE') and p.prorettype <> 'trigger'::regtype
  and not exists (select from attributes where word = 'a superuser' and self)
group by e.extname, me.me
order by 1`;
}

/** The SECURITY DEFINER functions outside of pg_catalog that the current role may call. */
export function definerFunctions(): Sql {
  return sql`
select p.oid::regprocedure::text as name
from pg_catalog.pg_proc p
where p.prosecdef and p.pronamespace <> 'pg_catalog'::regnamespace
  and has_schema_privilege(p.pronamespace, 'USAGE') and has_function_privilege(p.oid, 'EXECUTE')
order by 1`;
}

/** What this transaction and session did, by the server's own counters. */
export function ownCounters(): Sql {
  return sql`
select (pg_current_xact_id_if_assigned() is not null)::text as assigned,
  (select count(*) from pg_catalog.pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as advisory,
  (select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_catalog.pg_stat_xact_all_tables) as written`;
}
