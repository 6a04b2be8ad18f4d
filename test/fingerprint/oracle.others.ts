import type { Chooser, Template } from './oracle.chooser.ts';

const database = (rest: string): string =>
  `do $do$ begin execute format('${rest.replaceAll("'", "''")}', current_database()); end $do$`;
const granted = (c: Chooser, what: string): string => {
  const role = c.of('public', 'pg_monitor');
  return c.of(`grant ${what} to ${role}`, `revoke ${what} from ${role}`);
};
const alterFunction =
  (change: (c: Chooser) => string): Template =>
  (c) =>
    `alter function ${c.one('function')} ${change(c)}`;

/** What can be renamed, owned, commented on and dropped alike. */
const alike: readonly Template[] = (
  [
    ['collation', true],
    ['conversion', true],
    ['domain', true],
    ['event trigger', true],
    ['foreign data wrapper', true],
    ['language', true],
    ['operator class', true],
    ['operator family', true],
    ['procedure', true],
    ['aggregate', true],
    ['publication', true],
    ['server', true],
    ['text search configuration', true],
    ['text search dictionary', true],
    ['text search parser', false],
    ['text search template', false],
    ['type', true],
    ['access method', false],
    ['cast', false],
    ['operator', true],
    ['extension', false],
    ['subscription', true],
  ] as const
).map(
  ([kind, owner]): Template =>
    (c) => {
      const name = c.one(kind).replace(/^(s\.)"(\W+)"(\(.*)$/, '$1$2 $3');
      const lasts = kind === 'language' || kind === 'extension';
      return c.of(
        `comment on ${kind} ${name} is 'c${c.number()}'`,
        `comment on ${kind} ${name} is null`,
        owner && kind !== 'event trigger' && kind !== 'foreign data wrapper' && kind !== 'subscription'
          ? `alter ${kind} ${name} owner to ${c.role()}`
          : `comment on ${kind} ${name} is 'o${c.number()}'`,
        kind === 'cast' || kind === 'operator' || kind === 'access method' || kind === 'extension'
          ? `comment on ${kind} ${name} is 'r${c.number()}'`
          : `alter ${kind} ${name} rename to ${c.fresh()}`,
        lasts
          ? `comment on ${kind} ${name} is 'l${c.number()}'`
          : `drop ${kind} ${name} ${c.of('cascade', 'restrict')}`,
      );
    },
);

/** Routines, types and the rare kinds, the database and what belongs to it. */
export const otherTemplates: readonly Template[] = [
  ...alike,
  (c) =>
    `create function s.${c.fresh()}(${c.of('x integer', 'x integer, y text default null', 'y anyelement, x s.mood', 'x integer default 1, y text[] default null')}) returns ${c.of('integer', 'setof integer', 'bigint')} language sql ${c.of('', 'immutable', 'strict', 'security definer', 'cost 7')} as 'select ${c.number()}'`,
  (c) =>
    `create or replace function s.f(x integer default ${c.number()}) returns integer language sql ${c.of('stable', 'immutable', 'leakproof', 'parallel safe', `set work_mem = '${c.number()}MB'`)} ${c.of(`as 'select ${c.number()}'`, `return ${c.number()}`)}`,
  (c) =>
    `create function s.${c.fresh()}(variadic x integer[], out y integer, out z text) language sql as $$select ${c.number()}, 'a'$$`,
  (c) =>
    `create function s.${c.fresh()}() returns table (a integer, b text) language sql rows ${c.number()} as $$select ${c.number()}, 'a'$$`,
  alterFunction((c) =>
    c.of('immutable', 'stable', 'volatile', 'strict', 'called on null input', 'leakproof', 'not leakproof'),
  ),
  alterFunction((c) =>
    c.of('security definer', 'security invoker', 'parallel safe', 'parallel restricted', `cost ${c.number()}`),
  ),
  alterFunction((c) =>
    c.of(
      `set work_mem = '${c.number()}MB'`,
      `set search_path = s, other`,
      'reset all',
      `owner to ${c.role()}`,
      `rename to ${c.fresh()}`,
    ),
  ),
  alterFunction((c) => c.of('depends on extension hstore', 'set schema other', 'set schema s')),
  (c) =>
    `alter function s.many(integer) ${c.of(`rows ${c.number()}`, 'support pg_catalog.generate_series_int4_support')}`,
  (c) => `comment on function ${c.one('function')} is 'f${c.number()}'`,
  (c) => granted(c, `execute on function ${c.one('function')}`),
  (c) => `drop function ${c.one('function')} ${c.of('restrict', 'restrict', 'cascade')}`,
  (c) => `create or replace procedure s.p(integer) language sql as 'select ${c.number()}'`,
  (c) => `create procedure s.${c.fresh()}(inout x integer) language plpgsql as 'begin x := ${c.number()}; end'`,
  (c) =>
    `create or replace aggregate s.total(integer) (sfunc = int4pl, stype = integer, initcond = ${c.number()} ${c.of('', ', combinefunc = int4pl', ', parallel = safe', ', finalfunc = int4abs')})`,
  (c) =>
    `create type s.${c.fresh()} as ${c.of(`enum ('a', 'b')`, 'enum ()', '(a integer, b text)', 'range (subtype = integer)', 'range (subtype = text, collation = "C")')}`,
  (c) => `alter type s.mood add value '${c.fresh()}' ${c.of('', `before 'ok'`, `after 'sad'`)}`,
  (c) => `alter type s.mood rename value '${c.of('sad', 'ok', 'happy')}' to '${c.fresh()}'`,
  (c) =>
    `alter type s.pair ${c.of(`add attribute ${c.fresh()} integer cascade`, `drop attribute x cascade`, `rename attribute y to ${c.fresh()} cascade`, 'alter attribute x type bigint cascade')}`,
  (c) =>
    `alter type s.base set (${c.of('storage = plain', 'analyze = array_typanalyze', 'send = int4send', 'subscript = raw_array_subscript_handler')})`,
  (c) => `grant usage on type ${c.of('s.mood', 's.pair', 's.span')} to ${c.role()}`,
  (c) => `revoke usage on type ${c.of('s.mood', 's.pair', 's.span')} from ${c.of('public', 'pg_monitor')}`,
  (c) =>
    `create domain s.${c.fresh()} as ${c.of('integer', 'text', 'varchar(9)', 's.positive')} ${c.of('', 'not null', 'default null', 'check (value is not null)', 'constraint named check (value is not null)')}`,
  (c) =>
    `alter domain ${c.one('domain')} ${c.of('set not null', 'drop not null', 'set default null', 'drop default', `add constraint ${c.fresh()} check (value is not null)`, `add constraint ${c.fresh()} check (value is not null) not valid`)}`,
  (c) =>
    `alter domain s.positive ${c.of('drop constraint is_positive', 'rename constraint is_positive to above', 'validate constraint is_positive', 'set default 3', 'set default 4')}`,
  (c) =>
    `create operator s.${c.of('<->', '<<%', '%%>', '@#@')} (leftarg = ${c.of('integer', 'bigint')}, rightarg = integer, function = ${c.of('int4eq', 'int84eq')} ${c.of('', ', hashes', ', restrict = eqsel', ', merges', ', join = eqjoinsel')})`,
  (c) => `create operator family s.${c.fresh()} using ${c.of('btree', 'hash', 'gist')}`,
  (c) =>
    `alter operator family s.family using btree ${c.of('add operator 1 < (integer, bigint)', 'add operator 3 = (integer, bigint)', 'add function 1 btint48cmp(integer, bigint)', 'drop operator 1 (integer, bigint)')}`,
  (c) =>
    `create operator class s.${c.fresh()} for type integer using ${c.of('btree', 'btree family s.family')} as operator 1 <(integer, integer), function 1 btint4cmp(integer, integer)`,
  (c) =>
    `create cast (${c.of('s.base', 's.pair', 's.span')} as ${c.of('integer', 'bigint', 'xml')}) with inout ${c.of('', 'as assignment', 'as implicit')}`,
  (c) =>
    `create collation s.${c.fresh()} (provider = ${c.of(`icu, locale = 'fr'`, `icu, locale = 'de', deterministic = false`, `libc, locale = 'C'`)})`,
  (c) => `create ${c.of('', 'default')} conversion s.${c.fresh()} for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8`,
  (c) =>
    `create text search configuration s.${c.fresh()} (${c.of('copy = pg_catalog.english', 'parser = pg_catalog.default', 'parser = s.parser')})`,
  (c) =>
    `alter text search configuration s.search ${c.of('alter mapping for word with s.words', 'drop mapping for email', 'alter mapping for word, asciiword with english_stem, simple', 'alter mapping replace simple with s.words')}`,
  (c) =>
    `create text search dictionary s.${c.fresh()} (template = ${c.of('pg_catalog.simple', 's.template')}, accept = ${c.of('true', 'false')})`,
  (c) => `alter text search dictionary s.words (accept = ${c.of('true', 'false')})`,
  (c) =>
    `create text search parser s.${c.fresh()} (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype ${c.of('', ', headline = prsd_headline')})`,
  (c) => `create text search template s.${c.fresh()} (${c.of('', 'init = dsimple_init,')} lexize = dsimple_lexize)`,
  (c) => `alter extension tcn set schema ${c.of('other', 's')}`,
  () => 'alter extension hstore drop function s.hstore(text, text)',
  (c) => `create extension if not exists ${c.of('tcn', 'moddatetime')} schema ${c.of('s', 'other')}`,
  (c) => granted(c, `execute on function s.hstore(text, text)`),
  (c) =>
    `create ${c.of('', 'trusted')} language ${c.fresh()} handler plpgsql_call_handler ${c.of('', 'inline plpgsql_inline_handler')} ${c.of('', 'validator plpgsql_validator')}`,
  (c) => `grant usage on language ${c.of('sql', 'plpgsql')} to ${c.role()}`,
  (c) =>
    `create or replace transform for s.mood language words (${c.of('', 'from sql with function s.from_sql(internal), ')}to sql with function ${c.of('s.to_sql(internal)', 's.to_sql2(internal)')})`,
  () => 'drop transform if exists for s.mood language words',
  (c) =>
    `create access method ${c.fresh()} type ${c.of('index handler bthandler', 'index handler hashhandler', 'table handler heap_tableam_handler')}`,
  (c) =>
    `create foreign data wrapper ${c.fresh()} ${c.of('', 'validator postgresql_fdw_validator', `options (debug '${c.number()}')`)}`,
  (c) =>
    `alter foreign data wrapper wrapper ${c.of(`options (set debug '${c.number()}')`, 'options (drop debug)', 'validator postgresql_fdw_validator', 'no validator')}`,
  (c) =>
    `create server ${c.fresh()} ${c.of('', `type 'x'`)} ${c.of('', `version '${c.number()}'`)} foreign data wrapper wrapper`,
  (c) =>
    `alter server server ${c.of(`version '${c.number()}'`, `options (set host '${c.number()}')`, `options (add port '${c.number()}')`)}`,
  (c) =>
    `grant usage on ${c.of('foreign server server', 'foreign data wrapper wrapper')} to ${c.role()} ${c.of('', 'with grant option')}`,
  (c) =>
    `create user mapping for ${c.of('public', 'postgres', 'pg_read_all_data')} server server options (password 'hunter${c.number()}')`,
  (c) => `alter user mapping for pg_monitor server server options (set password 'hunter${c.number()}')`,
  () => 'drop user mapping if exists for pg_monitor server server',
  (c) =>
    `create publication ${c.fresh()} ${c.of('', 'for all tables', 'for tables in schema s', `for table ${c.one('table')}`)} ${c.of('', `with (publish = 'insert')`, 'with (publish_via_partition_root)')}`,
  (c) =>
    `alter publication pub ${c.of(`add table ${c.one('table')}`, 'drop table s.t', 'set table s.t', `set table s.t (id, b) where (id > ${c.number()})`, 'add tables in schema other')}`,
  (c) =>
    `alter publication pub set (${c.of(`publish = 'insert'`, `publish = 'insert, update'`, 'publish_via_partition_root', 'publish_via_partition_root = false')})`,
  (c) =>
    `create subscription ${c.fresh()} connection 'host=nowhere' publication one with (connect = false, slot_name = none)`,
  (c) =>
    `alter subscription sub ${c.of('set (binary = true)', 'set (streaming = on)', 'set (disable_on_error = true)', `set (synchronous_commit = local)`, `set (slot_name = 's${c.number()}')`, `set publication p${c.number()} with (refresh = false)`)}`,
  (c) =>
    `create event trigger ${c.fresh()} on ${c.of('ddl_command_start', 'ddl_command_end', 'sql_drop')} ${c.of('', `when tag in ('CREATE TABLE', 'DROP TABLE')`)} execute function ${c.of('s.on_ddl()', 's.on_ddl2()')}`,
  (c) => `alter event trigger on_ddl ${c.of('disable', 'enable', 'enable always', 'enable replica')}`,
  (c) =>
    `alter default privileges ${c.of('', 'in schema s', 'in schema other', 'for role pg_monitor')} grant ${c.of('select on tables', 'usage on sequences', 'execute on functions', 'usage on types')} to ${c.role()}`,
  (c) =>
    `alter default privileges ${c.of('', 'for role pg_monitor')} revoke ${c.of('execute on functions', 'usage on types')} from public`,
  (c) => granted(c, `${c.of('usage', 'create')} on schema ${c.of('s', 'public', 'other')}`),
  (c) => database(`alter database %I set ${c.of('work_mem', 'maintenance_work_mem')} = '${c.number() + 1}MB'`),
  (c) =>
    database(
      `alter role postgres in database %I set ${c.of('work_mem', 'maintenance_work_mem')} = '${c.number() + 1}MB'`,
    ),
  (c) => database(`comment on database %I is 'd${c.number()}'`),
  (c) => database(`alter database %I connection limit ${c.number() + 100}`),
  (c) => database(`alter database %I owner to ${c.role()}`),
  (c) => database(`grant ${c.of('create', 'temporary', 'connect')} on database %I to ${c.role()}`),
  (c) => database(`revoke ${c.of('temporary', 'connect')} on database %I from public`),
  (c) =>
    `grant ${c.of('select', 'update')} on pg_catalog.${c.of('pg_authid', 'pg_class', 'pg_statistic')} to ${c.role()}`,
  (c) => `revoke select on pg_catalog.${c.of('pg_tables', 'pg_class', 'pg_settings')} from public`,
  (c) => `revoke execute on function pg_catalog.${c.of('pg_sleep(double precision)', 'now()', 'random()')} from public`,
];
