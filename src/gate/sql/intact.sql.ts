/** The gate's own integrity: what ratified but hostile SQL may have done to it is undone with the transaction. */
export const intactFunctions = String.raw`
-- Over the gate's functions, tables, triggers and privileges, its roles and their memberships, what its login roles may do
-- anywhere, and all event triggers.
create function gate.intact_digest() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  with role as (select r.* from pg_roles r where r.rolname in ('gate_owner', 'oneroof_executor', 'oneroof_relay', 'oneroof_observer', (select app_owner from gate.identity))),
  part (what) as (
    select concat_ws('|', 'function', p.oid::regprocedure, p.prosrc, pg_get_userbyid(p.proowner), p.proacl, p.proconfig, p.prosecdef, p.provolatile)
      from pg_proc p where p.pronamespace = 'gate'::regnamespace
    union all select concat_ws('|', 'relation', c.relname, c.relkind, pg_get_userbyid(c.relowner), c.relacl, c.relrowsecurity, c.relhasrules,
        (select string_agg(concat_ws(' ', a.attname, a.atttypid::regtype, a.attacl), ',' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0))
      from pg_class c where c.relnamespace = 'gate'::regnamespace and c.relkind in ('r', 'v', 'S')
    union all select concat_ws('|', 'trigger', t.tgrelid::regclass, pg_get_triggerdef(t.oid), t.tgenabled)
      from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'gate'::regnamespace and not t.tgisinternal
    union all select concat_ws('|', 'constraint', o.conrelid::regclass, o.conname, pg_get_constraintdef(o.oid), o.convalidated)
      from pg_constraint o where o.connamespace = 'gate'::regnamespace
    union all select concat_ws('|', 'schema', pg_get_userbyid(n.nspowner), n.nspacl) from pg_namespace n where n.nspname = 'gate'
    union all select concat_ws('|', 'role', r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolconfig) from role r
    union all select concat_ws('|', 'member', pg_get_userbyid(m.roleid), pg_get_userbyid(m.member), m.admin_option)
      from pg_auth_members m where m.roleid in (select oid from role) or m.member in (select oid from role)
    union all select concat_ws('|', 'right', 'relation', c.oid::regclass, c.relacl) from pg_class c where c.relnamespace <> 'gate'::regnamespace and c.relacl::text ~ 'oneroof_(executor|relay)'
    union all select concat_ws('|', 'right', 'function', p.oid::regprocedure, p.proacl) from pg_proc p where p.pronamespace <> 'gate'::regnamespace and p.proacl::text ~ 'oneroof_(executor|relay)'
    union all select concat_ws('|', 'right', 'schema', n.nspname, n.nspacl) from pg_namespace n where n.nspname <> 'gate' and n.nspacl::text ~ 'oneroof_(executor|relay)'
    union all select concat_ws('|', 'event trigger', e.evtname, e.evtevent, pg_get_userbyid(e.evtowner), e.evtfoid::regprocedure, e.evtenabled) from pg_event_trigger e)
  select 'sha256:' || encode(sha256(convert_to(string_agg(what, E'\n' order by what collate "C"), 'UTF8')), 'hex') from part
$gate$;

create function gate.assert_intact() returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if (select intact from gate.identity) is distinct from gate.intact_digest() then
    perform gate.refuse('intact', 'the gate, its roles or their rights are not as they were installed');
  end if;
end $gate$;

-- What a ratified statement could leave behind as a way in: SECURITY DEFINER functions outside of the gate, and triggers that wait for
-- COMMIT, when the gate has looked for the last time.
create function gate.definers() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select encode(sha256(convert_to(coalesce(string_agg(what, E'\n' order by what collate "C"), ''), 'UTF8')), 'hex') from (
    select concat_ws('|', p.oid::regprocedure, p.prosrc, p.proowner, p.proacl, p.proconfig) from pg_proc p
      where p.prosecdef and p.pronamespace <> 'gate'::regnamespace
    union all select concat_ws('|', t.tgrelid::regclass, pg_get_triggerdef(t.oid), t.tgenabled, t.tgfoid::regprocedure) from pg_trigger t
      join pg_class c on c.oid = t.tgrelid where t.tgdeferrable and not t.tgisinternal and c.relnamespace <> 'gate'::regnamespace) w(what)
$gate$;

create function gate.assert_unharmed(of_statement text, of_direction text, of_tier text) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  perform gate.assert_intact();
  if gate.release_of(of_statement) #>> '{allows,definer}' is null
    and (select definers from gate.tiers t where (t.statement, t.direction, t.tier) = (of_statement, of_direction, of_tier)) is distinct from gate.definers() then
    perform gate.refuse('definer', 'SECURITY DEFINER functions or deferred triggers are not as before, and the release does not say why');
  end if;
end $gate$;
`;

/** The second wall, where a superuser installs: nobody else changes anything in schema gate. */
export const eventTriggers = String.raw`
create function gate.guard_ddl() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if (select rolsuper from pg_roles where rolname = session_user) then return; end if;
  if tg_event = 'sql_drop' then
    if exists (select from pg_event_trigger_dropped_objects() d where d.schema_name = 'gate' or d.object_identity ~ '^gate([.]|$)') then
      perform gate.refuse('guard', 'nobody changes the gate from outside');
    end if;
  elsif exists (select from pg_event_trigger_ddl_commands() d where d.schema_name = 'gate' or d.object_identity ~ '^gate([.]|$)') then
    perform gate.refuse('guard', 'nobody changes the gate from outside');
  end if;
end $gate$;
create event trigger oneroof_gate_ddl on ddl_command_end execute function gate.guard_ddl();
create event trigger oneroof_gate_drop on sql_drop execute function gate.guard_ddl();
`;
