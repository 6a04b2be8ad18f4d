import { expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { captureRows, compareRows } from '../../src/fingerprint/index.ts';
import { newest, runSql, versions, withDatabase, withSession } from '../database.io.ts';

const seeds = ['3', '4'] as const;

/** Two values of each built-in type that differ, as SQL: as near to each other as the type allows. */
const samples: Readonly<Record<string, readonly [string, string]>> = {
  aclitem: [`'=r/postgres'`, `'=w/postgres'`],
  bit: [`b'1'`, `b'0'`],
  bool: ['true', 'false'],
  box: [`'(1,1),(0,0)'`, `'(1,1),(0,-0)'`],
  bpchar: [`'a'`, `'a '`],
  bytea: [`'\\x00'`, `'\\x0000'`],
  char: [`'a'`, `''`],
  cid: [`'1'`, `'2'`],
  cidr: [`'10.0.0.0/8'`, `'10.0.0.0/9'`],
  circle: [`'<(0,0),1>'`, `'<(0,-0),1>'`],
  date: [`'2020-01-01'`, `'infinity'`],
  datemultirange: [`'{[2020-01-01,2020-01-03)}'`, `'{[2020-01-01,2020-01-04)}'`],
  daterange: [`'[2020-01-01,2020-01-03)'`, `'empty'`],
  float4: ['0', `'-0'`],
  float8: ['0.3', '0.30000000000000004'],
  inet: [`'10.0.0.1'`, `'10.0.0.1/31'`],
  int2: ['1', `'-1'`],
  int4: ['1', `'-2147483648'`],
  int4multirange: [`'{[1,3)}'`, `'{[1,4)}'`],
  int4range: [`'[1,3)'`, `'[1,)'`],
  int8: ['1', '9223372036854775807'],
  int8multirange: [`'{[1,3)}'`, `'{}'`],
  int8range: [`'[1,3)'`, `'[1,4)'`],
  interval: [`'1 day'`, `'24:00'`],
  json: [`'{"a":1}'`, `'{"a": 1}'`],
  jsonb: [`'{"a":1.0}'`, `'{"a":1.00}'`],
  jsonpath: [`'$.a'`, `'$.b'`],
  line: [`'{1,2,3}'`, `'{1,2,-3}'`],
  lseg: [`'[(0,0),(1,1)]'`, `'[(1,1),(0,0)]'`],
  macaddr: [`'08:00:2b:01:02:03'`, `'08:00:2b:01:02:04'`],
  macaddr8: [`'08:00:2b:01:02:03:04:05'`, `'08:00:2b:01:02:03:04:06'`],
  money: [`'1.00'`, `'1.01'`],
  name: [`'a'`, `'A'`],
  numeric: ['1.0', '1.00'],
  nummultirange: [`'{[1.0,2)}'`, `'{[1.00,2)}'`],
  numrange: [`'[1.0,2)'`, `'[1.00,2)'`],
  oid: ['1', '4294967295'],
  path: [`'((0,0),(1,1))'`, `'[(0,0),(1,1)]'`],
  pg_lsn: [`'0/1'`, `'1/0'`],
  pg_snapshot: [`'10:20:10'`, `'10:20:11'`],
  point: [`'(0,0)'`, `'(0,-0)'`],
  polygon: [`'((0,0),(1,1))'`, `'((1,1),(0,0))'`],
  refcursor: [`'a'`, `'b'`],
  regclass: [`'pg_class'`, `'4294967295'`],
  regcollation: [`'"C"'`, `'"POSIX"'`],
  regconfig: [`'simple'`, `'english'`],
  regdatabase: [`'postgres'`, `'template1'`],
  regdictionary: [`'simple'`, `'english_stem'`],
  regnamespace: [`'pg_catalog'`, `'public'`],
  regoper: [`'pg_catalog.||/'`, `'pg_catalog.|/'`],
  regoperator: [`'+(integer,integer)'`, `'-(integer,integer)'`],
  regproc: [`'now'`, `'pg_backend_pid'`],
  regprocedure: [`'abs(integer)'`, `'abs(bigint)'`],
  regrole: [`'postgres'`, `'pg_monitor'`],
  regtype: [`'integer'`, `'integer[]'`],
  text: [`''`, `'NULL'`],
  tid: [`'(0,1)'`, `'(0,2)'`],
  time: [`'00:00'`, `'24:00'`],
  timestamp: [`'2020-01-01'`, `'2020-01-01 00:00:00.000001'`],
  timestamptz: [`'2020-01-01 00:00+00'`, `'2020-01-01 00:00+01'`],
  timetz: [`'00:00+00'`, `'01:00+01'`],
  tsmultirange: [`'{[2020-01-01,2020-01-03)}'`, `'{[2020-01-01,2020-01-04)}'`],
  tsquery: [`'a & b'`, `'a | b'`],
  tsrange: [`'[2020-01-01,2020-01-03)'`, `'[2020-01-01,2020-01-03]'`],
  tstzmultirange: [`'{[2020-01-01,2020-01-03)}'`, `'{[2020-01-01,2020-01-04)}'`],
  tstzrange: [`'[2020-01-01,2020-01-03)'`, `'(2020-01-01,2020-01-03)'`],
  tsvector: [`'a:1'`, `'a:1A'`],
  txid_snapshot: [`'10:20:10'`, `'10:20:11'`],
  uuid: [`'00000000-0000-0000-0000-000000000000'`, `'00000000-0000-0000-0000-000000000001'`],
  varbit: [`b'1'`, `b'10'`],
  varchar: [`'a'`, `'a '`],
  xid: [`'1'`, `'2'`],
  xid8: [`'1'`, `'4294967297'`],
  xml: [`'<a/>'`, `'<a></a>'`],
};

/** Built-in types whose values nobody can make by SQL: they are the server's own. */
const withoutSample: Readonly<Record<string, string>> = {
  gtsvector: 'its input function refuses every text: it exists inside of indexes only',
  pg_brin_bloom_summary: 'its input function refuses every text: it exists inside of indexes only',
  pg_brin_minmax_multi_summary: 'its input function refuses every text: it exists inside of indexes only',
  pg_dependencies: 'the statistics of the planner, not rows; its input function refuses a text before 19',
  pg_mcv_list: 'its input function refuses every text: the statistics of the planner',
  pg_ndistinct: 'the statistics of the planner, not rows; its input function refuses a text before 19',
  pg_node_tree: 'its input function refuses every text: trees of the parser',
};

test.each(versions)('on %s two values of a built-in type are told apart, in an array too', async (version) => {
  await withDatabase(version, async (connection) => {
    const types = await withSession(connection, (session) =>
      session.query<{ type: string; array: string | null }>(
        sql`select t.typname as type, a.typname as array from pg_type t left join pg_type a on a.oid = t.typarray
          where t.typtype in ('b', 'r', 'm') and t.typnamespace = 'pg_catalog'::regnamespace and t.typcategory <> 'A'
            and t.typname not in ('int2vector', 'oidvector') order by 1`,
      ),
    );
    const named = types.map(({ type }) => type).filter((type) => withoutSample[type] === undefined);
    expect(named.filter((type) => samples[type] === undefined)).toEqual([]);
    const create = (type: string): string => {
      const array = types.find((one) => one.type === type)?.array;
      return `create table public."${type}" (x pg_catalog."${type}", xs pg_catalog."${array}")`;
    };
    const fill = (type: string, at: 0 | 1): string => {
      const value = `${samples[type]?.[at]}::pg_catalog."${type}"`;
      return `insert into public."${type}" values (${value}, null), (null, array[${value}, null])`;
    };
    await runSql(connection, [...named.map(create), ...named.map((type) => fill(type, 0))]);
    const before = await captureRows(connection, { seeds });
    expect(before.notProven).toEqual([]);
    const refill = async (at: 0 | 1): Promise<readonly string[]> => {
      await runSql(connection, [
        ...named.map((type) => `truncate public."${type}"`),
        ...named.map((type) => fill(type, at)),
      ]);
      const after = await captureRows(connection, { seeds });
      expect(after.notProven).toEqual([]);
      return compareRows(before, after).map(({ name }) => name);
    };
    expect(await refill(1)).toEqual(before.relations.map(({ relation }) => relation));
    expect(await refill(0)).toEqual([]);
  });
});

test.each(newest)('on %s two values of a type made of others, or of an extension, are told apart', async (version) => {
  const made: readonly (readonly [string, string, string])[] = [
    ['public.mood', `'sad'`, `'Sad'`],
    ['public.pair', `row(1, '')`, `row(1, null)`],
    ['public.pair[]', `array[row(1, 'a,b')::public.pair]`, `array[row(1, 'a'), row(null, 'b')]::public.pair[]`],
    ['public.amount', '1.0', '1.00'],
    ['public.floats', `'[0,1]'`, `'[-0,1]'`],
    ['public.moods', `'[sad,happy]'`, `'[sad,Sad]'`],
    ['public.hstore', `'a=>1'`, `'a=>NULL'`],
    ['public.ltree', `'a.b'`, `'a.c'`],
    ['public.citext', `'a'`, `'A'`],
    ['int2vector', `'1 2'`, `'2 1'`],
    ['integer[]', `'[0:1]={1,2}'`, `'{1,2}'`],
    ['text[]', `'{NULL}'`, `'{"NULL"}'`],
    ['record_holder', `row(1)`, `row(2)`],
  ];
  await withDatabase(version, async (connection) => {
    await runSql(connection, [
      ...['hstore', 'ltree', 'citext'].map((name) => `create extension ${name} schema public`),
      `create type public.mood as enum ('sad', 'Sad', 'happy')`,
      'create type public.pair as (a integer, b text)',
      'create domain public.amount as numeric check (value > 0)',
      'create type public.floats as range (subtype = float8)',
      'create type public.moods as range (subtype = public.mood)',
      'create table public.record_holder (a integer)',
      ...made.map(([type], at) => `create table public.m${at} (x ${type})`),
      ...made.map(([, one], at) => `insert into public.m${at} values (${one})`),
    ]);
    const before = await captureRows(connection, { seeds });
    expect(before.notProven).toEqual([]);
    await runSql(
      connection,
      made.map(([, , two], at) => `update public.m${at} set x = ${two}`),
    );
    const after = await captureRows(connection, { seeds });
    const names = made.map((_, at) => `public.m${at}`).toSorted();
    expect(compareRows(before, after).map(({ name }) => name)).toEqual(names);
  });
});

test.each(newest)(
  'on %s a type whose text may change by itself makes its table not proven, however deep it is',
  async (version) => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, [
        'create type public.moody',
        `create function public.moody_in(cstring) returns public.moody language internal immutable strict as 'textin'`,
        `create function public.moody_out(public.moody) returns cstring language internal volatile strict as 'textout'`,
        `create function public.moody_send(public.moody) returns bytea language internal immutable strict as 'textsend'`,
        'create type public.moody (input = public.moody_in, output = public.moody_out, send = public.moody_send, like = text)',
        'create domain public.tame as public.moody',
        'create type public.holder as (a integer, b public.tame[])',
        'create table public.direct (x public.moody)',
        'create table public.deep (x public.holder[])',
        'create table public.fine (x integer)',
      ]);
      const { notProven, relations } = await captureRows(connection, { seeds });
      expect(relations.map(({ relation }) => relation)).toEqual(['public.fine']);
      expect(notProven).toEqual([
        { relation: 'public.deep', reason: expect.stringContaining('column x: the text of type public.moody') },
        { relation: 'public.direct', reason: expect.stringContaining('public.moody') },
      ]);
    });
  },
);
