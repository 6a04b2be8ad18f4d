import type { Mutation } from './mutations.ts';

const f = (rest: string, head = 's.f(x integer default 1) returns integer'): readonly string[] => [
  `create or replace function ${head} ${rest}`,
];
const one = `language sql as 'select $1'`;

/** Functions, procedures, aggregates, types, domains. */
export const routines: readonly Mutation[] = [
  {
    what: 'a function comes',
    change: [`create function s.f2() returns integer language sql as 'select 1'`],
    finds: 'function s.f2(): whole',
  },
  { what: 'a function goes', change: ['drop function s.f(integer)'], finds: 'function s.f(integer): whole' },
  {
    what: 'a function gets an overload',
    change: [`create function s.f(text) returns integer language sql as 'select 1'`],
    finds: 'function s.f(text): whole',
  },
  {
    what: 'a function is renamed',
    change: ['alter function s.f(integer) rename to f2'],
    finds: 'function s.f2(integer): whole',
    also: ['function s.f(integer): whole'],
  },
  {
    what: 'a function gets another source',
    change: f(`language sql as 'select $1 + 1'`),
    finds: 'function s.f(integer): source',
  },
  {
    what: 'a function gets a body of SQL',
    change: f('language sql return x'),
    finds: 'function s.f(integer): body',
    also: ['function s.f(integer): source'],
  },
  {
    what: 'a body of SQL changes',
    setup: f('language sql return x'),
    change: f('language sql return x + 1'),
    finds: 'function s.f(integer): body',
  },
  {
    what: 'a function becomes immutable',
    change: ['alter function s.f(integer) immutable'],
    finds: 'function s.f(integer): volatility',
  },
  {
    what: 'a function becomes strict',
    change: ['alter function s.f(integer) strict'],
    finds: 'function s.f(integer): strict',
  },
  {
    what: 'a function becomes leakproof',
    change: ['alter function s.f(integer) leakproof'],
    finds: 'function s.f(integer): leakproof',
  },
  {
    what: 'a function runs as its owner',
    change: ['alter function s.f(integer) security definer'],
    finds: 'function s.f(integer): securityDefiner',
  },
  {
    what: 'a function becomes parallel safe',
    change: ['alter function s.f(integer) parallel safe'],
    finds: 'function s.f(integer): parallel',
  },
  {
    what: 'a function gets another cost',
    change: ['alter function s.f(integer) cost 7'],
    finds: 'function s.f(integer): cost',
  },
  {
    what: 'a function returns more rows',
    change: ['alter function s.many(integer) rows 7'],
    finds: 'function s.many(integer): rows',
  },
  {
    what: 'a function gets a setting',
    change: [`alter function s.f(integer) set search_path = ''`],
    finds: 'function s.f(integer): settings',
  },
  {
    what: 'a setting of a function changes',
    setup: [`alter function s.f(integer) set work_mem = '1MB'`],
    change: [`alter function s.f(integer) set work_mem = '2MB'`],
    finds: 'function s.f(integer): settings',
  },
  {
    what: 'a function gets another language',
    setup: f(`language sql as 'begin return 1; end'`.replace('sql', 'plpgsql')),
    change: f(`language words as 'begin return 1; end'`),
    finds: 'function s.f(integer): language',
  },
  {
    what: 'a function loses a default',
    change: ['drop function s.f(integer)', ...f(one, 's.f(x integer) returns integer')],
    finds: 'function s.f(integer): arguments',
  },
  {
    what: 'a default of a function changes',
    change: f(one, 's.f(x integer default 2) returns integer'),
    finds: 'function s.f(integer): arguments',
  },
  {
    what: 'an argument is renamed',
    change: ['drop function s.f(integer)', ...f(one, 's.f(y integer default 1) returns integer')],
    finds: 'function s.f(integer): arguments',
  },
  {
    what: 'a function gets an OUT argument',
    change: ['drop function s.f(integer)', ...f(one, 's.f(x integer default 1, out y integer) returns integer')],
    finds: 'function s.f(integer): arguments',
  },
  {
    what: 'an array argument becomes variadic',
    setup: [`create function s.va(x integer[]) returns integer language sql as 'select 1'`],
    change: [
      'drop function s.va(integer[])',
      `create function s.va(variadic x integer[]) returns integer language sql as 'select 1'`,
    ],
    finds: 'function s.va(integer[]): arguments',
  },
  {
    what: 'a function returns another type',
    change: [
      'drop function s.f(integer)',
      ...f(`language sql as 'select $1::bigint'`, 's.f(x integer default 1) returns bigint'),
    ],
    finds: 'function s.f(integer): returns',
    also: ['function s.f(integer): source'],
  },
  {
    what: 'a function returns a set',
    change: [
      'drop function s.f(integer)',
      ...f(`${one} rows 0`.replace(' rows 0', ''), 's.f(x integer default 1) returns setof integer'),
    ],
    finds: 'function s.f(integer): returns',
    also: ['function s.f(integer): rows'],
  },
  {
    what: 'a function gets a support function',
    change: ['alter function s.many(integer) support pg_catalog.generate_series_int4_support'],
    finds: 'function s.many(integer): support',
  },
  {
    what: 'a function uses a transform',
    setup: [`create function s.tr(s.mood) returns integer language words as 'x'`],
    change: [`create or replace function s.tr(s.mood) returns integer language words transform for type s.mood as 'x'`],
    finds: 'function s.tr(s.mood): transforms',
  },
  {
    what: 'a function becomes a window function',
    setup: [`create function s.w() returns bigint language internal as 'window_row_number'`],
    change: [
      'drop function s.w()',
      `create function s.w() returns bigint language internal window as 'window_row_number'`,
    ],
    finds: 'function s.w(): window',
  },
  {
    what: 'a function depends on an extension',
    change: ['alter function s.f(integer) depends on extension hstore'],
    finds: 'extension dependency function s.f(integer) on hstore: whole',
  },
  {
    what: 'a procedure gets another source',
    change: [`create or replace procedure s.p(integer) language sql as 'select 2'`],
    finds: 'procedure s.p(integer): source',
  },
  {
    what: 'a procedure runs as its owner',
    change: ['alter procedure s.p(integer) security definer'],
    finds: 'procedure s.p(integer): securityDefiner',
  },
  { what: 'a procedure goes', change: ['drop procedure s.p(integer)'], finds: 'procedure s.p(integer): whole' },
  ...(
    [
      ['starts elsewhere', 'sfunc = int4pl, stype = integer, initcond = 1'],
      ['adds otherwise', 'sfunc = int4mi, stype = integer, initcond = 0'],
      ['has another state', 'sfunc = int84pl, stype = bigint, initcond = 0'],
      ['ends otherwise', 'sfunc = int4pl, stype = integer, initcond = 0, finalfunc = int4abs'],
      ['combines', 'sfunc = int4pl, stype = integer, initcond = 0, combinefunc = int4pl'],
      ['moves', 'sfunc = int4pl, stype = integer, initcond = 0, msfunc = int4pl, minvfunc = int4mi, mstype = integer'],
      ['sorts', 'sfunc = int4pl, stype = integer, initcond = 0, sortop = operator(pg_catalog.<)'],
    ] as const
  ).map(
    ([what, definition]): Mutation => ({
      what: `an aggregate ${what}`,
      change: ['drop aggregate s.total(integer)', `create aggregate s.total(integer) (${definition})`],
      finds: 'aggregate s.total(integer): aggregate',
      also: what === 'has another state' ? ['aggregate s.total(integer): returns'] : [],
    }),
  ),
  {
    what: 'an aggregate shares its state',
    setup: [
      `create aggregate s.pct(float8 order by anyelement) (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra)`,
    ],
    change: [
      'drop aggregate s.pct(float8 order by anyelement)',
      `create aggregate s.pct(float8 order by anyelement) (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra, finalfunc_modify = shareable)`,
    ],
    finds: 'aggregate s.pct(double precision, anyelement): aggregate',
  },
  {
    what: 'an aggregate becomes parallel safe',
    change: [
      'drop aggregate s.total(integer)',
      'create aggregate s.total(integer) (sfunc = int4pl, stype = integer, initcond = 0, parallel = safe)',
    ],
    finds: 'aggregate s.total(integer): parallel',
  },
  { what: 'a label comes', change: [`alter type s.mood add value 'glad'`], finds: 'type s.mood: labels' },
  {
    what: 'a label comes in between',
    change: [`alter type s.mood add value 'glad' before 'ok'`],
    finds: 'type s.mood: labels',
  },
  {
    what: 'a label is renamed',
    change: [`alter type s.mood rename value 'ok' to 'fine'`],
    finds: 'type s.mood: labels',
  },
  {
    what: 'labels change places',
    setup: [`create type s.two as enum ('a', 'b')`],
    change: ['drop type s.two', `create type s.two as enum ('b', 'a')`],
    finds: 'type s.two: labels',
  },
  {
    what: 'a type is renamed',
    change: ['alter type s.mood rename to humour'],
    finds: 'type s.humour: whole',
    setup: [
      'drop cast (s.mood as integer)',
      'drop transform for s.mood language words',
      'drop function s.mood_number(s.mood), s.mood_number2(s.mood), s.to_sql(internal), s.to_sql2(internal)',
    ],
    also: ['type s.mood: whole'],
  },
  {
    what: 'a shell type is filled',
    change: [
      `create function s.shell_in(cstring) returns s.shell language internal immutable strict as 'int4in'`,
      `create function s.shell_out(s.shell) returns cstring language internal immutable strict as 'int4out'`,
      'create type s.shell (input = s.shell_in, output = s.shell_out, like = integer)',
    ],
    finds: 'type s.shell: form',
    also: [
      'function s.shell_in(cstring): whole',
      'function s.shell_out(s.shell): whole',
      'type s.shell: functions',
      'type s.shell: storage',
      'type s.shell: defined',
    ],
  },
  {
    what: 'a base type gets a receive function',
    change: ['alter type s.base set (analyze = array_typanalyze)'],
    finds: 'type s.base: functions',
  },
  {
    what: 'a base type gets another storage',
    setup: [
      'create type s.wide',
      `create function s.wide_in(cstring) returns s.wide language internal immutable strict as 'textin'`,
      `create function s.wide_out(s.wide) returns cstring language internal immutable strict as 'textout'`,
      'create type s.wide (input = s.wide_in, output = s.wide_out, like = text, storage = external)',
    ],
    change: ['alter type s.wide set (storage = extended)'],
    finds: 'type s.wide: storage',
  },
  {
    what: 'a base type can be subscripted',
    change: ['alter type s.base set (subscript = raw_array_subscript_handler)'],
    finds: 'type s.base: functions',
  },
  {
    what: 'a range gets another subtype',
    setup: ['create type s.r as range (subtype = integer)'],
    change: ['drop type s.r', 'create type s.r as range (subtype = bigint)'],
    finds: 'type s.r: range',
    also: [
      'type s.r: storage',
      'type s.r_multirange: storage',
      ...['bigint', 'integer'].flatMap((of) => [
        `function s.r(${of}, ${of}): whole`,
        `function s.r(${of}, ${of}, text): whole`,
      ]),
    ],
  },
  {
    what: 'a range loses its difference',
    setup: ['create type s.r as range (subtype = float8, subtype_diff = float8mi)'],
    change: ['drop type s.r', 'create type s.r as range (subtype = float8)'],
    finds: 'type s.r: range',
  },
  {
    what: 'a range gets another collation',
    setup: ['create type s.r as range (subtype = text)'],
    change: ['drop type s.r', 'create type s.r as range (subtype = text, collation = "C")'],
    finds: 'type s.r: range',
  },
  {
    what: 'a multirange gets another name',
    setup: ['create type s.r as range (subtype = text)'],
    change: ['drop type s.r', 'create type s.r as range (subtype = text, multirange_type_name = s.rs)'],
    finds: 'type s.r: range',
    also: [
      'cast (s.r AS s.r_multirange): whole',
      'cast (s.r AS s.rs): whole',
      'type s.r_multirange: whole',
      'type s.rs: whole',
      ...['r_multirange', 'rs'].flatMap((name) => ['', 's.r', 's.r[]'].map((of) => `function s.${name}(${of}): whole`)),
    ],
  },
  {
    what: 'a domain gets a default',
    change: ['alter domain s.positive set default 1'],
    finds: 'domain s.positive: default',
  },
  {
    what: 'a domain becomes NOT NULL',
    change: ['alter domain s.positive set not null'],
    finds: 'domain s.positive: notNull',
    also: ['constraint s.positive.positive_not_null: whole'],
  },
  {
    what: 'a domain gets a constraint',
    change: ['alter domain s.positive add constraint small check (value < 9)'],
    finds: 'constraint s.positive.small: whole',
  },
  {
    what: 'a constraint of a domain is not valid',
    change: [
      'alter domain s.positive drop constraint is_positive',
      'alter domain s.positive add constraint is_positive check (value > 0) not valid',
    ],
    finds: 'constraint s.positive.is_positive: validated',
    also: ['constraint s.positive.is_positive: definition'],
  },
  {
    what: 'a constraint of a domain is renamed',
    change: ['alter domain s.positive rename constraint is_positive to above_zero'],
    finds: 'constraint s.positive.above_zero: whole',
    also: ['constraint s.positive.is_positive: whole'],
  },
  {
    what: 'a domain gets another base',
    change: ['drop domain s.label', 'create domain s.label as varchar(10)'],
    finds: 'domain s.label: base',
    also: [],
  },
  {
    what: 'a domain gets another collation',
    change: ['drop domain s.label', 'create domain s.label as text collate "C"'],
    finds: 'domain s.label: collation',
  },
];
