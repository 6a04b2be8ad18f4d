import { literal } from '../../database/index.ts';
import { fixedSettings } from '../session-settings.ts';

/** What a session of the runner has of the settings that a step has; `application_name` is its own, which tells it from every other. */
const runnerSettings = Object.entries({ ...fixedSettings, idle_session_timeout: '0' })
  .filter(([name]) => !['application_name', 'search_path'].includes(name))
  .map(([name, value]) => `(${literal(name).text}, ${literal(value).text})`)
  .join(', ');

/**
 * For a function that knows the password: otherwise a session could have its plans printed to itself, with the values in them (`client_min_messages`).
 * A generic plan has none; nor have the variables of PL/pgSQL in what a server logs (auto_explain), as parameters of EXECUTE have: no password is one.
 * And a backslash in it means itself.
 */
const unseen =
  ['parse', 'rewritten', 'plan'].map((what) => `set debug_print_${what} = off`).join(' ') +
  ' set plan_cache_mode = force_generic_plan set standard_conforming_strings = on';

/**
 * The gate's connection to its own database, as a role that belongs to no one.
 *
 * Source  docs/decisions/0072-loopback.md
 */
export const loopbackFunctions = String.raw`
create function gate.hmac_sha256(key bytea, message bytea) returns bytea
language plpgsql immutable set search_path = pg_catalog, pg_temp %UNSEEN% as $gate$
declare
  block bytea := case when octet_length(key) > 64 then sha256(key) else key end; inner_pad bytea; outer_pad bytea;
begin
  block := block || decode(repeat('00', 64 - octet_length(block)), 'hex');
  inner_pad := block; outer_pad := block;
  for i in 0..63 loop
    inner_pad := set_byte(inner_pad, i, get_byte(block, i) # 54);
    outer_pad := set_byte(outer_pad, i, get_byte(block, i) # 92);
  end loop;
  return sha256(outer_pad || sha256(inner_pad || message));
end $gate$;

-- What pg_authid keeps of a password (RFC 5802). One round is enough, because the word is 256 random bits. So the word itself is in no statement that
-- a server could log, and in no catalogue.
create function gate.scram_verifier(word text, salt bytea) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp %UNSEEN% as $gate$
declare
  salted bytea := gate.hmac_sha256(convert_to(word, 'UTF8'), salt || '\x00000001');
begin
  return format('SCRAM-SHA-256$1:%s$%s:%s', encode(salt, 'base64'), encode(sha256(gate.hmac_sha256(salted, 'Client Key')), 'base64'), encode(gate.hmac_sha256(salted, 'Server Key'), 'base64'));
end $gate$;

-- Belongs to the runner, because a role may change its own password. Null: no password, so that it cannot log in.
create function gate.renew_runner(verifier text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp %UNSEEN% as $gate$
begin
  if verifier is null then execute 'alter role oneroof_runner password null'; return; end if;
  if (verifier ~ '^SCRAM-SHA-256[$]1:[A-Za-z0-9+/=]+[$][A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$') is not true then
    raise exception using errcode = 'OR001', message = 'gate: loopback: this is no verifier';
  end if;
  execute format('alter role oneroof_runner password %L', verifier);
end $gate$;

-- Belongs to the runner, because a role sees all of its own sessions. As they are now: a transaction keeps what it saw of pg_stat_activity first.
create function gate.runner_sessions() returns table (pid integer, session text)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
  select pg_stat_clear_snapshot();
  select a.pid, a.application_name from pg_stat_activity a where a.usename = 'oneroof_runner' and a.datname = current_database() and a.backend_type = 'client backend'
$gate$;

-- Where the extension dblink is; null: nowhere.
create function gate.dblink_schema() returns text
language sql stable set search_path = pg_catalog, pg_temp as $gate$
  select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'dblink'
$gate$;

-- Null: the catalogues show nothing that stops the loopback. Otherwise what is missing.
create function gate.outside_problem() returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  app_owner name := (select i.app_owner from gate.identity i); lends text; other text;
begin
  if gate.dblink_schema() is null then return 'the extension dblink is not installed in this database'; end if;
  if not exists (select from pg_auth_members m where m.member = 'oneroof_runner'::regrole and m.roleid = to_regrole(quote_ident(app_owner)) and not m.admin_option) then
    return format('oneroof_runner is not a member of %I', app_owner);
  end if;
  -- roles belong to the whole server: what runs as one owner could go on as the other one, in the other one's database
  select pg_get_userbyid(m.roleid) into other from pg_auth_members m where m.member = 'oneroof_runner'::regrole and m.roleid is distinct from to_regrole(quote_ident(app_owner)) limit 1;
  if other is not null then return format('oneroof_runner is a member of %I too', other); end if;
  if exists (select from pg_db_role_setting g where g.setrole = 'oneroof_runner'::regrole) then return 'oneroof_runner has settings of its own'; end if;
  -- by their library, because a superuser can make them without the extension too
  select r.rolname into lends from pg_roles r cross join pg_proc p
    where r.rolname in ('oneroof_executor', 'oneroof_relay', 'oneroof_observer') and p.prolang = 13 and p.probin ~ '(^|/)dblink([.][a-z]+)?$' and has_function_privilege(r.oid, p.oid, 'execute') limit 1;
  if lends is not null then return format('%s may call the functions of dblink', lends); end if;
  -- in a function that runs with its owner's rights, another role could lend them; the application's owner has what is at the other end anyway
  select format('%s, whose owner may call the functions of dblink', f.oid::regprocedure) into lends from pg_proc f cross join pg_roles r
    where f.prosecdef and f.pronamespace <> 'gate'::regnamespace and r.rolname in ('oneroof_executor', 'oneroof_relay') and has_function_privilege(r.oid, f.oid, 'execute')
      and f.proowner is distinct from to_regrole(quote_ident(app_owner)) and not (select o.rolsuper from pg_roles o where o.oid = f.proowner)
      and exists (select from pg_proc p where p.prolang = 13 and p.probin ~ '(^|/)dblink([.][a-z]+)?$' and has_function_privilege(f.proowner, p.oid, 'execute')) limit 1;
  if lends is not null then return format('the executor or the relay may call %s', lends); end if;
  if (has_schema_privilege('gate_owner', gate.dblink_schema(), 'usage')
    and has_function_privilege('gate_owner', format('%I.dblink_connect(text, text)', gate.dblink_schema()), 'execute')) is not true then return 'gate_owner may not call the functions of dblink'; end if;
  if has_database_privilege('gate_owner', current_database(), 'temp') is not true then return 'gate_owner may create no temporary table in this database'; end if;
  return null;
end $gate$;

create function gate.require_loopback() returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  problem text := gate.outside_problem();
begin
  if problem is not null then perform gate.refuse('loopback', problem); end if;
end $gate$;

-- The password, the name of the connection, and the name of its session, which no one else can read. A temporary table is in no dump, no base backup and no WAL.
create function gate.own_link(out word text, out link text, out session text)
language plpgsql security definer set search_path = pg_catalog, pg_temp %UNSEEN% as $gate$
begin
  if not exists (select from pg_class c where c.relnamespace = pg_my_temp_schema() and c.relname = 'oneroof_link' and c.relkind = 'r' and c.relowner = 'gate_owner'::regrole) then return; end if;
  execute 'select l.word, l.link, l.session from pg_temp.oneroof_link l' into word, link, session;
end $gate$;

create function gate.require_caller() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if (session_user in ('oneroof_executor', 'oneroof_relay')) is not true then perform gate.refuse('executor', 'only executor and relay use the loopback'); end if;
  if current_setting('transaction_isolation') is distinct from 'read committed' then perform gate.refuse('session', 'the transaction is not READ COMMITTED'); end if;
  perform pg_notify('oneroof', ''); -- it cannot be prepared
end $gate$;

-- First half of a connection: gives the runner a password, which must be committed before anyone can log in with it.
create function gate.outside_prepare() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp %UNSEEN% as $gate$
declare
  new_word text := encode(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'hex'); old record; verifier text;
begin
  perform gate.require_caller();
  perform gate.require_loopback();
  old := gate.own_link();
  if old.link is not null then
    perform gate.outside_hang_up(old.link);
    execute 'delete from pg_temp.oneroof_link';
  else
    execute 'create temporary table oneroof_link (word text, link text, session text)';
  end if;
  insert into pg_temp.oneroof_link values (new_word, 'oneroof_link ' || gen_random_uuid(), 'oneroof_outside ' || gen_random_uuid());
  verifier := gate.scram_verifier(new_word, uuid_send(gen_random_uuid()));
  perform gate.renew_runner(verifier);
end $gate$;

create function gate.outside_hang_up(link text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  execute format('select %I.dblink_disconnect($1)', gate.dblink_schema()) using link;
exception when sqlstate '08003' then null; -- there is none of that name
end $gate$;

-- Where the other end is, and as whom to go there. Since 16 the client says that it never sends the password itself.
create function gate.outside_address(host text, port integer) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp %UNSEEN% as $gate$
declare
  own record := gate.own_link();
begin
  return concat_ws(' ', 'host=' || host, case when current_setting('server_version_num')::integer >= 160000 then 'require_auth=scram-sha-256' end, format('port=%s user=oneroof_runner password=%s connect_timeout=5 application_name=''%s''', port, own.word, own.session),
    format('dbname=''%s''', replace(replace(current_database(), '\', '\\'), '''', '\''')));
end $gate$;

-- Second half: connects as the runner to this very database, and takes the password away again. A problem is returned, not raised: the password
-- must be gone either way.
create function gate.outside_connect(out pid integer, out link text, out problem text)
language plpgsql security definer set search_path = pg_catalog, pg_temp %UNSEEN% as $gate$
declare
  own record := gate.own_link(); a record; other text; detail text; at_port integer := current_setting('port')::integer;
begin
  if own.word is null then problem := 'this session has prepared no connection'; return; end if;
  link := own.link;
  for a in select * from (values (host(inet_server_addr()), inet_server_port()), ('127.0.0.1', at_port), (null, at_port)) v(host, port) where v.port is not null loop
    begin
      execute format('select %I.dblink_connect($1, gate.outside_address($2, $3))', gate.dblink_schema()) using link, a.host, a.port;
      pid := gate.outside_ask(link, 'select pg_catalog.pg_backend_pid()')::integer;
      -- whoever answers, it is this database only if its process is one of this server, with the name that was just drawn
      if exists (select from gate.runner_sessions() s where s.session = own.session and s.pid = outside_connect.pid) then exit; end if;
      other := 'it answers as another server or database';
      perform gate.outside_hang_up(link);
    exception when others then
      get stacked diagnostics other = message_text, detail = pg_exception_detail;
      other := concat_ws(': ', other, nullif(detail, ''));
      perform gate.outside_hang_up(link);
    end;
    pid := null;
    problem := concat_ws('; ', problem, format('at %s, port %s: %s', coalesce(a.host, 'the socket'), a.port, left(regexp_replace(other, '[[:cntrl:]]+', ' ', 'g'), 300)));
  end loop;
  perform gate.renew_runner(null);
  execute 'update pg_temp.oneroof_link set word = null';
  if pid is not null then problem := null; return; end if;
  problem := 'the database cannot reach itself as oneroof_runner: ' || problem;
end $gate$;

-- One value, over the connection.
create function gate.outside_ask(link text, query text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  value text;
begin
  execute format('select t.v from %I.dblink($1, $2) t(v text)', gate.dblink_schema()) into value using link, query;
  return value;
end $gate$;

-- Whether the loopback works, tried: null, or why not. gate.outside_prepare() was committed before.
create function gate.outside_try() returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  c record;
begin
  perform gate.require_caller();
  perform gate.require_loopback();
  select * into c from gate.outside_connect();
  if c.problem is null then perform gate.outside_hang_up(c.link); end if;
  return c.problem;
end $gate$;

-- Gives the session at the other end what a step of the release has: the settings of its tier, its search path, the application's owner as its role.
create function gate.outside_settle(link text, of_statement text, names text[], settings text[], lock_timeout text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  given text;
begin
  select string_agg(format('(%L, %L)', v.name, v.value), ', ' order by v.n) into given
  from (select 1 as n, * from (values %SETTINGS%) f(name, value)
    -- the time to work, and on top of it the time to wait
    union all select 2, s.name, case when s.name = 'statement_timeout' and s.value <> '0' then least(2147483647, s.value::bigint + lock_timeout::bigint)::text else s.value end
      from unnest(names, settings) s(name, value) where s.name not in ('idle_in_transaction_session_timeout', 'client_connection_check_interval', 'lock_timeout')
    union all select 3, * from (values ('lock_timeout', lock_timeout), ('search_path', gate.path_of(of_statement)), ('role', (select i.app_owner::text from gate.identity i))) o(name, value)) v;
  perform gate.outside_ask(link, 'select pg_catalog.count(pg_catalog.set_config(s.name, s.value, false)) from (values ' || given || ') s(name, value)');
end $gate$;
`
  .replaceAll('%SETTINGS%', () => runnerSettings)
  .replaceAll('%UNSEEN%', () => unseen);
