import { literal } from '../../database/index.ts';
import { fixedSettings, freeSettings } from '../session-settings.ts';

/** The path comes from the release; the encoding is the client's, and is checked. */
const notHere = ['search_path', 'client_encoding'];

/**
 * Pins, for a function that runs the application's SQL, the settings that the caller's session may have changed: with other settings the ratified bytes
 * would mean something else (`standard_conforming_strings`, `transform_null_equals`, `DateStyle`).
 */
export const pinned = Object.entries(fixedSettings)
  .filter(([name]) => !notHere.includes(name))
  .map(([name, value]) => `set "${name}" = '${value}'`)
  .join(' ');

const free = freeSettings.map((name) => literal(name).text).join(', ');

/** The longest time that a session may be idle within a transaction of the gate, unless it changes this itself. Milliseconds. */
const longestIdle = 30_000;

/** Whether an expression tree calls current_setting(text) or current_setting(text, boolean). Compared byte by byte, because every default of a database is tested. */
const calls = (tree: string): string =>
  `${tree}::text collate "C" like any (array['%:funcid 2077 %', '%:funcid 3294 %'])`;

/**
 * Keeps settings of the executor's session out of ratified SQL.
 *
 * Source  docs/RULES.md "The session"; src/gate/session-settings.ts.
 */
export const sessionFunctions = String.raw`
-- Null: this session has only settings that the gate fixes or checks itself. Otherwise which other one, and who set it.
create function gate.foreign_setting() returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  one_of_library oid; found_one text;
begin
  -- the settings of an extension appear once its library is loaded, including values that were set under their names before
  for one_of_library in select min(p.oid::bigint)::oid from pg_proc p
    where p.prolang = 13 and p.oid >= 16384 and has_function_privilege(p.oid, 'execute') group by p.probin
  loop
    begin
      perform fmgr_c_validator(one_of_library);
    exception when others then null; -- a library that cannot be loaded cannot be called either
    end;
  end loop;
  select format('%s was set by %s', s.name, case s.source when 'session' then 'this session' when 'client' then 'the client as it connected' else 'ALTER ROLE' end)
    into found_one from pg_settings s
    where s.context in ('user', 'superuser', 'backend', 'superuser-backend') and s.source not in ('default', 'environment variable', 'configuration file', 'command line', 'global', 'database', 'override')
      and s.name <> all (array[${free}]) order by s.name limit 1;
  if found_one is not null then return found_one; end if;
  select format('%s was set by ALTER ROLE oneroof_executor', split_part(c, '=', 1)) into found_one from pg_db_role_setting r cross join unnest(r.setconfig) c
    where r.setrole = 'oneroof_executor'::regrole and r.setdatabase in (0, (select oid from pg_database where datname = current_database()))
      and split_part(c, '=', 1) <> all (array[${free}]) order by 1 limit 1;
  return found_one;
end $gate$;

-- Null: each name that these texts read by current_setting('a.b') has only the value of the database or of the release. Otherwise which does not.
create function gate.foreign_name(texts text[], declared text[]) returns text
language sql security definer set search_path = pg_catalog, pg_temp set standard_conforming_strings = on as $gate$
  with named (name) as (
    select distinct lower(m[1]) from unnest(texts) t(what) cross join regexp_matches(what, 'current_setting\s*\(\s*(?:E?''|\$\w*\$)([a-z_][\w$]*(?:[.][a-z_][\w$]*)+)', 'gi') m)
  select format('%s, which SQL of this database reads, was set by the client or for the whole server; declare it under settings: {custom} in the release', name)
  from named where coalesce(current_setting(name, true), '') <> '' and name <> all (declared)
    and not exists (select from pg_settings s where lower(s.name) = named.name)
    and current_setting(name, true) is distinct from (select substr(c, strpos(c, '=') + 1) from pg_db_role_setting r cross join unnest(r.setconfig) c
      where r.setrole = 0 and r.setdatabase in (0, (select oid from pg_database where datname = current_database())) and lower(split_part(c, '=', 1)) = named.name
      order by r.setdatabase desc limit 1)
  order by name limit 1
$gate$;

-- The application's SQL that calls current_setting(), whenever it runs. No catalogue lists custom settings (a.b), so a value that a client
-- sets when it connects is found by name. Like gate.look, it releases the locks that it takes to show views and rules.
create function gate.reading_settings() returns text[]
language plpgsql security definer set search_path = pg_catalog, pg_temp set jit = off as $gate$
declare
  said text[];
begin
  begin
    said := array(
    select p.prosrc from pg_proc p where p.oid >= 16384 and p.pronamespace <> 'gate'::regnamespace and p.prosrc collate "C" ilike '%current_setting%'
    union all select pg_get_function_sqlbody(p.oid) from pg_proc p where p.oid >= 16384 and ${calls('p.prosqlbody')}
    union all select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where ${calls('d.adbin')}
    union all select pg_get_constraintdef(c.oid) from pg_constraint c where c.contype = 'c' and c.oid >= 16384 and ${calls('c.conbin')}
    union all select concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) from pg_policy p
      where ${calls('p.polqual')} or ${calls('p.polwithcheck')}
    union all select pg_get_ruledef(r.oid) from pg_rewrite r where r.oid >= 16384 and (${calls('r.ev_action')} or ${calls('r.ev_qual')})
    union all select pg_get_triggerdef(t.oid) from pg_trigger t where ${calls('t.tgqual')}
    union all select pg_get_indexdef(i.indexrelid) from pg_index i where ${calls('i.indexprs')} or ${calls('i.indpred')});
    raise exception using errcode = 'OR000';
  exception when sqlstate 'OR000' then null;
  end;
  return said;
end $gate$;

-- How long the session may be idle within a transaction: its own setting, at most the gate's bound.
create function gate.idle_bound() returns text
language sql stable set search_path = pg_catalog, pg_temp as $gate$
  select least(coalesce(nullif(round(extract(epoch from current_setting('idle_in_transaction_session_timeout')::interval) * 1000), 0), ${longestIdle}), ${longestIdle})::bigint::text
$gate$;

-- Resets everything to the values of the server and the database, except for what is passed in; also custom settings, which no catalogue lists.
-- RESET does not reset the seed of random(). Until search_path is set again, every name here needs its schema.
create function gate.reset_session(names text[], settings text[], until timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  execute 'reset all';
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  perform set_config(s.name, s.setting, true) from unnest(names, settings) s(name, setting);
  -- when the time of the statement ends, the server undoes an idle session or an endless step
  if current_setting('server_version_num')::integer >= 170000 then
    -- the timer of the server's or database's own value is running: only 0 stops it, another value does not
    perform set_config('transaction_timeout', '0', true);
    perform set_config('transaction_timeout', greatest(1, least(2147483647, ceil(extract(epoch from until - clock_timestamp()) * 1000)))::bigint::text, true);
  end if;
  perform setseed(('x' || encode(substr(uuid_send(gen_random_uuid()), 1, 4), 'hex'))::bit(32)::integer / 2147483648.0);
end $gate$;

-- When a tier is entered: refuses a session with its own settings, and returns the settings of each step.
create function gate.enter_session(of_statement text, until timestamptz, out names text[], out settings text[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  sealed jsonb := gate.release_of(of_statement) -> 'settings'; custom jsonb := coalesce(sealed -> 'custom', '{}'); wrong text;
begin
  wrong := gate.foreign_setting();
  if wrong is not null then perform gate.refuse('setting', wrong); end if;
  names := array['TimeZone', 'lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'client_connection_check_interval']
    || array(select key from jsonb_each_text(custom) order by key);
  settings := array[coalesce(sealed ->> 'timezone', 'UTC'), coalesce(nullif(sealed ->> 'lockTimeout', '0'), '2000'), coalesce(sealed ->> 'statementTimeout', '0'), gate.idle_bound(),
    current_setting('client_connection_check_interval')] || array(select value from jsonb_each_text(custom) order by key);
  perform gate.reset_session(names, settings, until);
  if pg_client_encoding() is distinct from 'UTF8' then perform gate.refuse('setting', 'client_encoding is not UTF8'); end if;
  wrong := gate.foreign_name(gate.reading_settings(), names);
  if wrong is not null then perform gate.refuse('setting', wrong); end if;
  -- plans that this session made when it called functions of the application under its own settings
  if exists (select from pg_proc p where p.oid >= 16384 and p.prolang not in (12, 13) and p.pronamespace <> 'gate'::regnamespace
    and has_function_privilege('oneroof_executor', p.oid, 'execute') and has_schema_privilege('oneroof_executor', p.pronamespace, 'usage')) then
    execute 'discard plans';
  end if;
end $gate$;
`;
