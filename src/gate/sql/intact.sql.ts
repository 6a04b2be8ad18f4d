import { pinned } from './session.sql.ts';

/** Sorts privileges, because a right that was revoked and granted again is last in its list. Inline, and only for two or more: it runs for hundreds of objects. */
const inOrder = (acl: string): string =>
  `case when cardinality(${acl}) < 2 then ${acl}::text else (select string_agg(r::text, ' ' order by r::text collate "C") from unnest(${acl}) r) end`;

/** The gate's own integrity: if ratified but hostile SQL has changed the gate, the whole transaction is undone. */
export const intactFunctions = String.raw`
-- A digest over the gate's functions, tables, triggers and privileges, its roles and their memberships, what its login roles may do
-- anywhere, and all event triggers. Each fact is one JSON array, so that no name can look like the end of it. What observer, relay and
-- executor can change about themselves (settings, passwords) is left out, because otherwise each of them could close the gate for all.
-- It is refused where it has an effect.
create function gate.intact_digest() returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set jit = off as $gate$
begin return (
  with role as (select r.* from pg_roles r where r.rolname in ('gate_owner', 'oneroof_executor', 'oneroof_relay', 'oneroof_observer', 'oneroof_runner', (select app_owner from gate.identity))),
  own as (select c.* from pg_class c where c.relnamespace = 'gate'::regnamespace),
  -- pg_shdepend says which rights name these roles: searching every right would cost time for the whole schema
  named as (select d.classid, d.objid from pg_shdepend d where d.refclassid = 'pg_authid'::regclass
    and d.refobjid = any(array(select r.oid from pg_roles r where r.rolname in ('oneroof_executor', 'oneroof_relay'))) and d.dbid = (select b.oid from pg_database b where b.datname = current_database())),
  part (what) as (
    select json_build_array('function', p.oid::regprocedure, encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'), pg_get_userbyid(p.proowner), ${inOrder('p.proacl')}, p.proconfig, p.prosecdef, p.provolatile,
        p.prolang, p.probin, p.proisstrict, p.proleakproof, p.proparallel, p.prokind, p.prosupport::regproc, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), pg_get_function_sqlbody(p.oid))
      from pg_proc p where p.pronamespace = 'gate'::regnamespace
    union all select json_build_array('relation', c.relname, c.relkind, pg_get_userbyid(c.relowner), ${inOrder('c.relacl')}, c.relrowsecurity, c.relforcerowsecurity,
        c.relhasrules, c.relreplident, c.relpersistence, c.relispartition, c.relam, c.reloptions)
      from own c where c.relkind in ('r', 'v', 'S', 'm', 'f', 'p')
    union all select json_build_array('column', c.relname, a.attnum, a.attname, a.atttypid::regtype, a.atttypmod, a.attcollation, a.attnotnull, a.attidentity, a.attgenerated, ${inOrder('a.attacl')},
        (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = a.attrelid and d.adnum = a.attnum))
      from own c join pg_attribute a on a.attrelid = c.oid where c.relkind in ('r', 'v', 'S', 'm', 'f', 'p') and a.attnum > 0
    union all select json_build_array('sequence', c.relname, to_json(q.*)::jsonb - 'seqrelid') from own c join pg_sequence q on q.seqrelid = c.oid
    union all select json_build_array('inheritance', h.inhrelid::regclass, h.inhparent::regclass) from pg_inherits h
      where h.inhrelid in (select oid from own) or h.inhparent in (select oid from own)
    union all select json_build_array('index', pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary, i.indimmediate, i.indisvalid, i.indisready, i.indislive)
      from pg_index i where i.indrelid in (select oid from own)
    union all select json_build_array('trigger', t.tgrelid::regclass, case when t.tgisinternal then (select o.conname::text from pg_constraint o where o.oid = t.tgconstraint) else pg_get_triggerdef(t.oid) end,
        t.tgfoid::regprocedure, t.tgtype, t.tgenabled)
      from pg_trigger t where t.tgrelid in (select oid from own)
    union all select json_build_array('constraint', o.conrelid::regclass, o.conname, pg_get_constraintdef(o.oid), o.convalidated)
      from pg_constraint o where o.connamespace = 'gate'::regnamespace
    union all select json_build_array('rule', r.ev_class::regclass, r.rulename, r.ev_enabled, pg_get_ruledef(r.oid)) from pg_rewrite r where r.ev_class in (select oid from own)
    union all select json_build_array('policy', y.polrelid::regclass, y.polname, y.polcmd, y.polpermissive, pg_get_expr(y.polqual, y.polrelid), pg_get_expr(y.polwithcheck, y.polrelid))
      from pg_policy y where y.polrelid in (select oid from own)
    union all select json_build_array('published', b.prrelid::regclass, u.pubname) from pg_publication_rel b join pg_publication u on u.oid = b.prpubid where b.prrelid in (select oid from own)
    union all select json_build_array('subscribed', e.srrelid::regclass) from pg_subscription_rel e where e.srrelid in (select oid from own)
    union all select json_build_array('schema', pg_get_userbyid(n.nspowner), ${inOrder('n.nspacl')}) from pg_namespace n where n.nspname = 'gate'
    union all select json_build_array('default', pg_get_userbyid(d.defaclrole), d.defaclobjtype, ${inOrder('d.defaclacl')}) from pg_default_acl d where d.defaclnamespace = 'gate'::regnamespace
    -- objects in pg_catalog that functions of the gate would find first; those of an extension belong to the server
    union all select json_build_array('system', v.class::regclass, pg_describe_object(v.class, v.object, 0)) from (
        select 'pg_proc'::regclass::oid, p.oid from pg_proc p where p.oid >= 16384 and p.pronamespace = 'pg_catalog'::regnamespace
        union all select 'pg_operator'::regclass::oid, o.oid from pg_operator o where o.oid >= 16384 and o.oprnamespace = 'pg_catalog'::regnamespace
        union all select 'pg_cast'::regclass::oid, c.oid from pg_cast c where c.oid >= 16384 and c.castsource < 16384 and c.casttarget < 16384) v(class, object)
      where not exists (select from pg_depend d where d.classid = v.class and d.objid = v.object and d.deptype = 'e')
    union all select json_build_array('role', r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls) from role r
    union all select json_build_array('setting', r.rolname, g.setdatabase = 0, c) from role r join pg_db_role_setting g on g.setrole = r.oid cross join unnest(g.setconfig) c
      where r.rolname !~ '^oneroof_(executor|relay|observer)$' and g.setdatabase in (0, (select oid from pg_database where datname = current_database()))
    union all select json_build_array('member', pg_get_userbyid(m.roleid), pg_get_userbyid(m.member), pg_get_userbyid(m.grantor), m.admin_option, to_json(m.*)::jsonb - '{oid,roleid,member,grantor,admin_option}'::text[])
      from pg_auth_members m where (m.roleid in (select oid from role) or m.member in (select oid from role))
        -- the loopback may be prepared later: it is checked where it is used
        and not (m.member = to_regrole('oneroof_runner') and m.roleid = (select to_regrole(quote_ident(i.app_owner)) from gate.identity i))
    union all select json_build_array('right', 'relation', c.oid::regclass, ${inOrder('c.relacl')}) from pg_class c where c.oid in (select n.objid from named n where n.classid = 'pg_class'::regclass) and c.relnamespace <> 'gate'::regnamespace and c.relacl::text ~ 'oneroof_(executor|relay)'
    union all select json_build_array('right', 'function', p.oid::regprocedure, ${inOrder('p.proacl')}) from pg_proc p where p.oid in (select n.objid from named n where n.classid = 'pg_proc'::regclass) and p.pronamespace <> 'gate'::regnamespace and p.proacl::text ~ 'oneroof_(executor|relay)'
    union all select json_build_array('right', 'schema', n.nspname, ${inOrder('n.nspacl')}) from pg_namespace n where n.nspname <> 'gate' and n.nspacl::text ~ 'oneroof_(executor|relay)'%PARAMETERS%
    union all select json_build_array('event trigger', e.evtname, e.evtevent, pg_get_userbyid(e.evtowner), e.evtfoid::regprocedure, e.evtenabled, e.evttags) from pg_event_trigger e)
  select 'sha256:' || encode(sha256(convert_to(json_agg(what order by what::text collate "C")::text, 'UTF8')), 'hex') from part);
end $gate$;

create function gate.assert_intact() returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  creates text;
begin
  if (select intact from gate.identity) is distinct from gate.intact_digest() then
    perform gate.refuse('intact', 'the gate, its roles or their rights are not as they were installed');
  end if;
  -- ratified SQL would otherwise find a better matching function, created while it runs, and call it with its owner's rights
  select format('%s may create objects in schema %I', r.rolname, n.nspname) into creates from pg_namespace n
    cross join pg_roles r where r.rolname in ('oneroof_executor', 'oneroof_relay', 'oneroof_observer')
    and n.nspname !~ '^pg_(toast_)?temp_' and has_schema_privilege(r.oid, n.oid, 'create') limit 1;
  if creates is not null then perform gate.refuse('intact', creates); end if;
  select format('%s may create schemas in this database', r.rolname) into creates from pg_roles r
    where r.rolname in ('oneroof_executor', 'oneroof_relay', 'oneroof_observer') and has_database_privilege(r.oid, current_database(), 'create') limit 1;
  if creates is not null then perform gate.refuse('intact', creates); end if;
end $gate$;

-- The relations to which the gate's login roles may have rights to write: those whose privileges name one of them or PUBLIC, or that they own. Checking
-- the rights of each role on each relation would cost many times as much. Privileges do not show what a role may do as a member of another role; in
-- that case all relations are returned.
create function gate.perhaps_written() returns table (oid oid, has_columns boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set jit = off as $gate$
declare
  roles oid[] := array(select r.oid from pg_roles r where r.rolname in ('oneroof_executor', 'oneroof_relay', 'oneroof_observer'));
begin
  if exists (select from pg_auth_members m where m.member = any(roles) and (m.roleid >= 16384 or m.roleid = 'pg_write_all_data'::regrole))
    or exists (select from pg_roles q where q.oid = any(roles) and q.rolsuper) then
    return query select c.oid, true from pg_class c;
  else
    return query select o.oid, bool_or(o.has_columns) from (
      select c.oid, false as has_columns from pg_class c where c.relowner = any(roles) or (c.relacl is not null and exists (select from aclexplode(c.relacl) e
        where (e.grantee = 0 or e.grantee = any(roles)) and e.privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'USAGE')))
      union all select a.attrelid, true from pg_attribute a where a.attacl is not null and exists (select from aclexplode(a.attacl) e
        where (e.grantee = 0 or e.grantee = any(roles)) and e.privilege_type in ('INSERT', 'UPDATE'))) o group by o.oid;
  end if;
end $gate$;

-- A digest of what a ratified statement could leave for other roles to use: SECURITY DEFINER functions and rules outside the gate, which run with
-- their owner's rights; rights to write that the gate's roles get, directly or through PUBLIC, a column or a default; and triggers that wait
-- for COMMIT, after the gate's last check. Like gate.look, it releases the locks that it takes to show rules.
create function gate.definers() returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set jit = off as $gate$
declare
  said text;
begin
  begin
    select encode(sha256(convert_to(coalesce(json_agg(what order by what::text collate "C"), '[]')::text, 'UTF8')), 'hex') into said from (
    select json_build_array('function', p.oid::regprocedure, p.prosrc, pg_get_userbyid(p.proowner), ${inOrder('p.proacl')}, p.proconfig, p.prolang, p.probin, pg_get_function_sqlbody(p.oid)) from pg_proc p
      where p.prosecdef and p.pronamespace <> 'gate'::regnamespace
    union all select json_build_array('rule', r.ev_class::regclass, r.rulename, r.ev_enabled, pg_get_ruledef(r.oid)) from pg_rewrite r
      join pg_class c on c.oid = r.ev_class where r.rulename <> '_RETURN' and c.relnamespace <> all (array['gate', 'pg_catalog', 'information_schema']::regnamespace[])
    union all select json_build_array('writes', r.rolname, c.oid::regclass) from pg_roles r
      cross join gate.perhaps_written() w join pg_class c on c.oid = w.oid
      where r.rolname in ('oneroof_executor', 'oneroof_relay', 'oneroof_observer')
      and c.relkind in ('r', 'p', 'v', 'f', 'S') and c.relpersistence <> 't' and c.relnamespace <> all (array['gate', 'pg_catalog', 'information_schema']::regnamespace[])
      and case c.relkind when 'S' then has_sequence_privilege(r.oid, c.oid, 'usage, update')
        else has_table_privilege(r.oid, c.oid, 'insert, update, delete, truncate') or (w.has_columns and has_any_column_privilege(r.oid, c.oid, 'insert, update')) end
    union all select json_build_array('default', d.defaclrole, d.defaclnamespace, d.defaclobjtype, a.grantee, a.privilege_type) from pg_default_acl d
      cross join aclexplode(d.defaclacl) a where (a.grantee = 0 or pg_get_userbyid(a.grantee) in ('oneroof_executor', 'oneroof_relay', 'oneroof_observer'))
        -- these roles may change their own defaults, which have no effect: they create no objects
        and pg_get_userbyid(d.defaclrole) not in ('oneroof_executor', 'oneroof_relay', 'oneroof_observer')
    union all select json_build_array('trigger', t.tgrelid::regclass, pg_get_triggerdef(t.oid), t.tgenabled, t.tgfoid::regprocedure) from pg_trigger t
      join pg_class c on c.oid = t.tgrelid where t.tgdeferrable and not t.tgisinternal and c.relnamespace <> 'gate'::regnamespace) w(what);
    raise exception using errcode = 'OR000';
  exception when sqlstate 'OR000' then null;
  end;
  return said;
end $gate$;

-- Fires now what the application has deferred to COMMIT (triggers, foreign keys, exclusion constraints: each may call functions), so
-- that it runs before the gate checks, with the rights of the application's owner, on every version of the server.
create function gate.settle(path text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp %PINNED% as $gate$
declare
  names text;
begin
  select string_agg(distinct format('%I.%I', n.nspname, c.conname), ', ') into names from pg_constraint c join pg_namespace n on n.oid = c.connamespace
    where c.condeferrable and n.nspname <> 'gate' and not pg_is_other_temp_schema(n.oid) and has_schema_privilege(n.oid, 'usage');
  perform set_config('search_path', path, true);
  if names is not null then execute 'set constraints ' || names || ' immediate'; end if;
end $gate$;

-- What would still run at COMMIT, after the last check; null: nothing. A cursor WITH HOLD is filled at COMMIT. No catalogue shows pending
-- trigger events, but ALTER TABLE refuses a table that has some: it is tried, and undone, on the tables that this transaction
-- wrote to. It runs as the application's owner, who may alter them; for a table that this role may not alter, nothing is known.
create function gate.waiting() returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  one record;
begin
  for one in select c.name from pg_cursors c where c.is_holdable loop return format('cursor %I is WITH HOLD', one.name); end loop;
  for one in select c.oid::regclass as what, (select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped limit 1) as part
    from pg_class c where c.relkind in ('r', 'p') and c.relnamespace <> 'gate'::regnamespace
      and exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgdeferrable)
      and exists (select from pg_locks l where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.relation = c.oid
        and l.mode not in ('AccessShareLock', 'RowShareLock'))
  loop
    begin
      execute format('alter table only %s alter column %I set statistics -1', one.what, one.part);
      raise exception using errcode = 'OR000';
    exception
      when sqlstate 'OR000' then null;
      when object_in_use then return format('triggers or constraints of %s wait for COMMIT', one.what);
      when insufficient_privilege then return format('%s may have triggers or constraints that wait for COMMIT, and does not belong to the application owner', one.what);
    end;
  end loop;
  return null;
end $gate$;

create function gate.assert_settled() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  reason text := gate.waiting();
begin
  if reason is not null then perform gate.refuse('deferred', reason); end if;
end $gate$;

-- How many catalogue rows this transaction has written, including what it rolled back. While this number stays the same, this session
-- has not changed the gate, a right or a function. The session itself counts; null: counting may have been switched off.
create function gate.own_changes() returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set jit = off as $gate$
begin
  if current_setting('track_counts') is distinct from 'on' then return null; end if;
  if current_setting('server_version_num')::integer >= 150000 then
    if exists (select from pg_parameter_acl q where q.parname = 'track_counts') then return null; end if;
  end if;
  -- every catalogue that initdb made
  return (select sum(pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid))
    from pg_class c where c.oid < 16384 and c.relkind = 'r');
end $gate$;

-- Whether this transaction has written to no catalogue at all, or to none since the last check found no change.
create function gate.is_unchanged(of_statement text, changed bigint) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  return coalesce(changed = 0 or changed = (select s.changes from gate.states s where s.statement = of_statement and s.xid = pg_current_xact_id()), false);
end $gate$;

create function gate.assert_unharmed(of_statement text, of_direction text, of_tier text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  changed bigint := gate.own_changes(); was_unchanged boolean := gate.is_unchanged(of_statement, changed);
begin
  perform gate.assert_settled();
  if was_unchanged then return; end if;
  perform gate.assert_intact();
  if gate.release_of(of_statement) #>> '{allows,definer}' is null
    and (select definers from gate.tiers t where (t.statement, t.direction, t.tier) = (of_statement, of_direction, of_tier)) is distinct from gate.definers() then
    perform gate.refuse('definer', 'SECURITY DEFINER functions, rules, rights to write or deferrable triggers have changed, and the release gives no reason');
  end if;
  update gate.states s set xid = pg_current_xact_id(), changes = changed where s.statement = of_statement;
end $gate$;
`.replaceAll('%PINNED%', () => pinned);

/** Rights on settings, new in version 15: with one on `session_replication_role` the executor could switch triggers off. */
export const parameterRights = (serverVersion: number): string =>
  serverVersion < 150_000
    ? ''
    : `
    union all select json_build_array('right', 'parameter', q.parname, ${inOrder('q.paracl')}) from pg_parameter_acl q where q.paracl::text ~ '(^|[{,])"?(=|oneroof_|gate_owner)'`;

/** The second wall, if a superuser installs the gate: no other role may change anything in schema gate. */
export const eventTriggers = String.raw`
create function gate.guard_ddl() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if (select rolsuper from pg_roles where rolname = session_user) then return; end if;
  if tg_event = 'sql_drop' then
    if exists (select from pg_event_trigger_dropped_objects() d where d.schema_name = 'gate' or d.object_identity ~ '^gate([.]|$)') then
      perform gate.refuse('guard', 'no one may change the gate from outside');
    end if;
  elsif exists (select from pg_event_trigger_ddl_commands() d where d.schema_name = 'gate' or d.object_identity ~ '^gate([.]|$)') then
    perform gate.refuse('guard', 'no one may change the gate from outside');
  end if;
end $gate$;
create event trigger oneroof_gate_ddl on ddl_command_end execute function gate.guard_ddl();
create event trigger oneroof_gate_drop on sql_drop execute function gate.guard_ddl();
`;
