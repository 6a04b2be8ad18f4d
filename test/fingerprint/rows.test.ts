import { expect, test } from 'vitest';
import { captureRows, compareRows, type DataFingerprint, type RowHash } from '../../src/fingerprint/index.ts';
import { runSql, newest, withDatabase } from '../database.io.ts';

const seeds = ['7', '-9000000000000000000'] as const;
const columns = `id integer, v text, w text, n numeric, j json, f float8, ci public.citext, c character(5), b bytea, at timestamptz, i interval`;
const rows = `(1, 'one', 'uno', 1.0, '{"a": 1}', 0, 'A', 'x', '\\x00ff', '2020-01-01 00:00:00+00', '1 day'),
  (2, 'two', 'due', 2.50, '{"a": 2}', 'NaN', 'b', 'y', '\\x', '2020-06-01 00:00:00+00', '24:00'),
  (3, '', null, 0.00, '[]', '-Infinity', null, '', null, 'infinity', '1 mon'),
  (4, 'twin', 'twin', 4, 'null', 1e300, 'C', 'z', '\\x01', null, null),
  (4, 'twin', 'twin', 4, 'null', 1e300, 'C', 'z', '\\x01', null, null),
  (5, repeat(md5('a'), 4000), '(1,"x")', 5, '1', 0.1, 'd', 'w', '\\x02', null, '-1 day')`;

/** Each change of one thing; all of them must be found. */
const mutations: Readonly<Record<string, string>> = {
  'one row is gone': 'delete from T where id = 1',
  'a row is there twice': 'insert into T select * from T where id = 1',
  'a third twin': `insert into T select * from T where id = 4 limit 1`,
  'twins of another row': `update T set id = 6 where id = 4`,
  'one byte': `update T set v = 'onf' where id = 1`,
  'one byte in a long value': `update T set v = v || 'x' where id = 5`,
  'one bit of binary data': `update T set b = '\\x00fe' where id = 1`,
  'empty became NULL': `update T set v = null where id = 3`,
  'NULL became empty': `update T set w = '' where id = 3`,
  'NULL became the word': `update T set w = 'NULL' where id = 3`,
  'values swapped between rows': `update T set v = case id when 1 then 'two' else 'one' end where id in (1, 2)`,
  'values swapped between columns': `update T set v = w, w = v where id = 1`,
  'a value that went into the next column': `update T set v = 'one","uno', w = null where id = 1`,
  'a digit of scale': 'update T set n = 1.00 where id = 1',
  'a letter that compares equal': `update T set ci = 'a' where id = 1`,
  'white space in json': `update T set j = '{"a":1}' where id = 1`,
  'the sign of zero': `update T set f = '-0' where id = 1`,
  'the last digit of a float': `update T set f = 0.10000000000000002 where id = 5`,
  'a microsecond': `update T set at = at + interval '1 microsecond' where id = 1`,
  'an interval that compares equal': `update T set i = '24:00' where id = 1`,
  'all rows are gone': 'delete from T',
};
const names = Object.keys(mutations);

function tableOf(name: string): string {
  return `public.m${names.indexOf(name)}`;
}

function found(before: DataFingerprint, after: DataFingerprint): readonly string[] {
  return compareRows(before, after).map(({ name }) => name);
}

test.each(newest.flatMap((version) => (['fast', 'strong'] as const).map((hash) => [version, hash] as const)))(
  'on %s every change of one row is found with the %s hash, and nothing else is',
  async (version, hash: RowHash) => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, [
        'create extension citext schema public',
        ...[...names.map(tableOf), 'public.untouched'].flatMap((table) => [
          `create table ${table} (${columns})`,
          `insert into ${table} values ${rows}`,
        ]),
      ]);
      const before = await captureRows(connection, { seeds, hash });
      expect(before.hash).toBe(hash);
      expect(before.notProven).toEqual([]);
      expect(before.relations[0]?.sums).toHaveLength(hash === 'fast' ? 2 : 4);
      await runSql(
        connection,
        names.map((name) => (mutations[name] ?? '').replaceAll(/\bT\b/g, tableOf(name))),
      );
      const after = await captureRows(connection, { seeds, hash });
      expect(found(before, after)).toEqual(names.map(tableOf).toSorted());
    });
  },
);

test.each(newest)('on %s nothing that keeps the rows is taken for a change of them', async (version) => {
  await withDatabase(version, async (connection) => {
    await runSql(connection, [
      'create extension citext schema public',
      `create table public.t (${columns})`,
      `insert into public.t values ${rows}`,
      'create table public.big (id integer primary key, v text, d date, f float4)',
      // long enough to be split, with a hole in the middle
      `insert into public.big select n, repeat('x', 500), date '2020-01-01' + n, n / 7.0 from generate_series(1, 30000) n`,
      'delete from public.big where id between 5000 and 9000',
      'create index t_v on public.big (v)',
      'create table public.none ()',
      'insert into public.none default values',
      'create table public.p (k integer, g integer generated always as (k * 2) stored) partition by range (k)',
      'create table public.p1 partition of public.p for values from (0) to (9)',
      'create table public.child (extra text) inherits (public.t)',
      `insert into public.child (id, extra) values (9, 'only the child has it')`,
      'insert into public.p values (1), (2)',
      'create unlogged table public.u as select 1 as one',
      'create materialized view public.empty as select 1 as one with no data',
      'create materialized view public.full_one as select * from public.t',
    ]);
    const plan = { seeds, workers: 1 };
    const before = await captureRows(connection, plan);
    expect(before.notProven).toEqual([]);
    const counts = Object.fromEntries(before.relations.map(({ relation, rows: count }) => [relation, count]));
    expect(counts).toEqual({
      'public.big': '25999',
      'public.child': '1',
      'public.empty': '0',
      'public.full_one': '7',
      'public."none"': '1',
      'public.p1': '2',
      'public.t': '6',
      'public.u': '1',
    });
    const equal = async (workers: number): Promise<void> => {
      const after = await captureRows(connection, { ...plan, workers });
      expect(found(before, after)).toEqual([]);
      expect(after.digest).toBe(before.digest);
    };
    await equal(2);
    await equal(5);
    await runSql(connection, ['vacuum full public.big', 'vacuum full public.t', 'reindex table public.big', 'analyze']);
    await equal(2);
    await runSql(connection, ['cluster public.big using big_pkey']);
    await equal(3);
    await runSql(connection, [
      'create table public.copy as select * from public.big order by id desc',
      'delete from public.big',
      'insert into public.big select * from public.copy',
      'drop table public.copy',
    ]);
    await equal(2);
    const odd = {
      DateStyle: 'German',
      TimeZone: 'Asia/Tokyo',
      IntervalStyle: 'sql_standard',
      extra_float_digits: '-5',
      bytea_output: 'escape',
      statement_timeout: '100',
      search_path: 'public',
      row_security: 'on',
      enable_seqscan: 'off',
    };
    for (const [name, value] of Object.entries(odd))
      await runSql(connection, [`alter database ${connection.database} set ${name} = '${value}'`]);
    await equal(2);
  });
});

test.each(newest)('on %s empty large objects, their owners and their privileges count', async (version) => {
  await withDatabase(version, async (connection) => {
    const role = `r_${connection.database}`;
    await runSql(connection, ['select lo_create(1)', `select lo_from_bytea(2, '\\x0102')`, `create role ${role}`]);
    try {
      let before = await captureRows(connection, { seeds });
      expect(before.relations).toMatchObject([
        { relation: 'pg_catalog.pg_largeobject', kind: 'large objects', rows: '1' },
        { relation: 'pg_catalog.pg_largeobject_metadata', kind: 'large objects', rows: '2' },
      ]);
      for (const [statement, relation] of [
        ['select lo_create(3)', 'pg_largeobject_metadata'],
        [`alter large object 1 owner to ${role}`, 'pg_largeobject_metadata'],
        [`grant select on large object 2 to ${role}`, 'pg_largeobject_metadata'],
        [`select lo_put(2, 0, '\\x03')`, 'pg_largeobject'],
      ] as const) {
        await runSql(connection, [statement]);
        const after = await captureRows(connection, { seeds });
        expect(found(before, after), statement).toEqual([`pg_catalog.${relation}`]);
        before = after;
      }
    } finally {
      await runSql(connection, [`drop owned by ${role}`, `drop role ${role}`]);
    }
  });
});
