import { describe, expect, it, test } from 'vitest';
import { type Connection, id, type Session, sql } from '../../src/database/index.ts';
import {
  captureRows,
  type ExamplesPlan,
  explainDifference,
  findExamples,
  type RowExample,
} from '../../src/fingerprint/index.ts';
import { runSql, newest, withDatabase, withSession } from '../database.io.ts';
import { type Version } from '../binaries.io.ts';

/** Two databases, each with statements of its own after those of both. */
interface Sides {
  readonly both?: readonly string[];
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

async function withSides<T>(
  version: Version,
  sides: Sides,
  use: (before: Session, after: Session) => Promise<T>,
): Promise<T> {
  const made = async (connection: Connection, own: readonly string[]): Promise<void> =>
    runSql(connection, [...(sides.both ?? []), ...own]);
  return withDatabase(version, (one) =>
    withDatabase(version, async (two) => {
      await Promise.all([made(one, sides.before ?? []), made(two, sides.after ?? [])]);
      return withSession(one, (before) => withSession(two, (after) => use(before, after)));
    }),
  );
}

async function examples(
  version: Version,
  sides: Sides & { readonly plan?: Partial<ExamplesPlan> },
): Promise<readonly RowExample[]> {
  return withSides(version, sides, (before, after) =>
    findExamples(before, after, { relation: 'public.t', ...sides.plan }),
  );
}

/** A session that counts what it was answered. */
function counted(session: Session): { session: Session; answered: { rows: number; queries: number } } {
  const answered = { rows: 0, queries: 0 };
  const query = async <Row extends object>(statement: Parameters<Session['query']>[0]): Promise<Row[]> => {
    const rows = await session.query<Row>(statement);
    answered.rows += rows.length;
    answered.queries += 1;
    return rows;
  };
  return { session: { ...session, query }, answered };
}

describe.each(newest)('on %s the search for rows that differ', (version) => {
  it('pairs rows by the primary key and names the columns that differ, in the order of the key text', async () => {
    const found = await examples(version, {
      both: [
        'create table t (total numeric, updated_at date, id integer primary key, note text)',
        `insert into t select n, '2026-01-01', n, 'same' from generate_series(1, 30) n`,
      ],
      before: ['delete from t where id = 21'],
      after: [`update t set total = 0, updated_at = '2026-01-02' where id = 17`, 'delete from t where id = 18'],
    });
    expect(found).toEqual([
      { change: 'changed', key: { id: '17' }, columns: ['total', 'updated_at'] },
      { change: 'gone', key: { id: '18' }, columns: [] },
      { change: 'new', key: { id: '21' }, columns: [] },
    ]);
    const difference = {
      in: 'rows',
      level: 'logical',
      kind: 'table',
      name: 'public.t',
      before: '1',
      after: '2',
    } as const;
    expect(explainDifference({ ...difference, property: 'content', examples: found })).toBe(
      'table public.t: same number of rows, other content; first: id=17 changed (total, updated_at); id=18 gone; id=21 new',
    );
  });

  it('shows values only where they are asked for, and no more than 200 characters of each', async () => {
    const sides = {
      both: ['create table t (id integer primary key, secret text, blob bytea)'],
      before: [`insert into t values (1, 'hunter2', null)`],
      after: [`insert into t values (1, repeat('x', 5000), decode(repeat('ab', 3000), 'hex'))`],
    };
    const [silent] = await examples(version, sides);
    expect(JSON.stringify(silent)).not.toMatch(/hunter2|xxx/);
    expect(silent).toEqual({ change: 'changed', key: { id: '1' }, columns: ['blob', 'secret'] });
    const [example] = await examples(version, { ...sides, plan: { values: 'shown' } });
    expect(example?.values?.before).toEqual({ id: '1', secret: 'hunter2', blob: null });
    expect(example?.values?.after?.['secret']).toBe(`${'x'.repeat(199)}…`);
    expect(example?.values?.after?.['blob']).toMatch(/^\\x(ab)+a?…$/);
    expect(example?.values?.after?.['blob']).toHaveLength(200);
  });

  it('finds nothing to tell apart in equal relations, and in one that a side does not have', async () => {
    const table = ['create table t (id integer primary key)', 'insert into t values (1), (2)'];
    expect(await examples(version, { both: table })).toEqual([]);
    expect(await examples(version, { before: table })).toEqual([]);
  });

  it('names a duplicate that was added as new, and one that was removed as gone, where there is no key', async () => {
    const found = await examples(version, {
      both: [
        'create table t (a integer, b text)',
        `insert into t values (1, 'x'), (1, 'x'), (2, 'y'), (2, 'y'), (3, null)`,
      ],
      before: [`insert into t values (2, 'y')`],
      after: [`insert into t values (1, 'x'), (1, 'x')`],
      plan: { limit: 10, values: 'shown' },
    });
    const values = (a: string, b: string) => ({ a, b });
    expect(found).toEqual([
      { change: 'new', key: null, columns: [], values: { before: null, after: values('1', 'x') } },
      { change: 'new', key: null, columns: [], values: { before: null, after: values('1', 'x') } },
      { change: 'gone', key: null, columns: [], values: { before: values('2', 'y'), after: null } },
    ]);
  });

  it('finds one copy more among 20,000 rows that are all the same', async () => {
    const found = await examples(version, {
      both: ['create table t (a integer)', 'insert into t select 7 from generate_series(1, 20000)'],
      after: ['insert into t values (7)'],
    });
    expect(found).toEqual([{ change: 'new', key: null, columns: [] }]);
  });

  it('takes the first unique index over NOT NULL columns that both sides have, and never a partial or expression one', async () => {
    const found = await examples(version, {
      both: [
        'create table t (maybe integer unique, part integer not null, n integer not null, z text not null, v integer)',
        'create unique index a_part on t (part) where part > 0',
        'create unique index b_expression on t (lower(z))',
        'create unique index d_z on t (z) include (v)',
        `insert into t values (1, 1, 1, 'one', 1), (2, 2, 2, 'two', 2)`,
      ],
      before: ['create unique index c_n on t (n)'],
      after: [`update t set v = 3, n = 9 where z = 'two'`],
    });
    expect(found).toEqual([{ change: 'changed', key: { z: 'two' }, columns: ['n', 'v'] }]);
  });

  it('compares the common columns only, by their text, whatever their types', async () => {
    const found = await examples(version, {
      before: [
        'create table t (id integer primary key, old text, j json, x xml, c char(3), b boolean)',
        `insert into t values (1, 'o', '{"a": 1}', '<a/>', 'a', true), (2, 'p', '{}', null, 'b', false)`,
      ],
      after: [
        'create table t (fresh text, b boolean, c char(3), x xml, j json, id bigint primary key)',
        `insert into t values ('f', true, 'a', '<a/>', '{"a": 1}', 1), ('g', false, 'b', null, '{ }', 2)`,
      ],
    });
    expect(found).toEqual([{ change: 'changed', key: { id: '2' }, columns: ['j'] }]);
  });

  it('tells NULL, the empty text and a composite of NULLs apart', async () => {
    const found = await examples(version, {
      both: ['create type pair as (a integer, b integer)', 'create table t (id integer primary key, s text, p pair)'],
      before: [`insert into t values (1, null, null), (2, '', row(1, 2))`],
      after: [`insert into t values (1, '', row(null, null)), (2, null, row(1, 2))`],
      plan: { values: 'shown' },
    });
    expect(found.map((one) => one.columns)).toEqual([['p', 's'], ['s']]);
    expect(found[0]?.values?.after).toEqual({ id: '1', s: '', p: '(,)' });
  });

  it('reads hostile names as they are', async () => {
    const table = 'tab"le; drop\n$1 é';
    const columns = ['a$1', 'b"c', "it's", '$2', 'row(1)', '\u202e'];
    await withSides(version, {}, async (before, after) => {
      for (const [n, session] of [before, after].entries()) {
        const list = columns.map((column) => sql`${id(column)} integer not null`);
        const all = list.reduce((one, next) => sql`${one}, ${next}`);
        await session.query(sql`create table public.${id(table)} (${all}, primary key (${id('a$1')}, ${id('b"c')}))`);
        await session.query(sql`insert into public.${id(table)} values (1, 2, 3, ${n}, 5, 6)`);
      }
      const found = await findExamples(before, after, { relation: `public."tab""le; drop\n$1 é"` });
      expect(found).toEqual([{ change: 'changed', key: { a$1: '1', 'b"c': '2' }, columns: ['$2'] }]);
      const { relations } = await captureRows(before.connection, { seeds: ['5', '6'] });
      expect(relations.map(({ rows }) => rows)).toEqual(['1']);
    });
  });

  it('counts the rows of a table without columns', async () => {
    const found = await examples(version, {
      both: ['create table t ()', 'insert into t default values'],
      after: ['insert into t default values', 'insert into t default values'],
    });
    expect(found).toEqual([1, 2].map(() => ({ change: 'new', key: null, columns: [] })));
  });

  it('names a page of a large object by its object and page', async () => {
    const found = await examples(version, {
      both: [`select lo_from_bytea(4711, decode(repeat('00', 5000), 'hex'))`],
      after: [`select lo_put(4711, 2048, '\\x01')`],
      plan: { relation: 'pg_catalog.pg_largeobject' },
    });
    expect(found).toEqual([{ change: 'changed', key: { loid: '4711', pageno: '1' }, columns: ['data'] }]);
  });

  it('reads materialized views, partitions without their parent, and tables without their children', async () => {
    const both = [
      'create table p (id integer primary key, v integer) partition by range (id)',
      'create table t partition of p for values from (0) to (100)',
      'create table u (id integer primary key, v integer)',
      'create table child () inherits (u)',
    ];
    const after = [
      'insert into p values (5, 1)',
      'insert into child values (6, 1)',
      'create materialized view m as select * from p',
    ];
    await withSides(
      version,
      { both, before: ['create materialized view m as select * from p'], after },
      async (...pair) => {
        const names = async (relation: string) => (await findExamples(...pair, { relation })).map(({ key }) => key);
        expect(await names('public.t')).toEqual([{ id: '5' }]);
        expect(await names('public.u')).toEqual([]);
        expect(await names('public.m')).toEqual([null]);
        expect(await names('public.p')).toEqual([]);
      },
    );
  });

  it('gives the same first rows again where all rows differ, and leaves the sessions as they were', async () => {
    const both = ['create table t (id integer primary key, v integer)'];
    const fill = (v: number) => [`insert into t select n, ${v} from generate_series(1, 5000) n`];
    await withSides(version, { both, before: fill(1), after: fill(2) }, async (...pair) => {
      const first = await findExamples(...pair, { relation: 'public.t', limit: 5 });
      expect(first.map(({ change, columns }) => [change, columns])).toEqual(
        [1, 2, 3, 4, 5].map(() => ['changed', ['v']]),
      );
      expect(await findExamples(...pair, { relation: 'public.t', limit: 5 })).toEqual(first);
      for (const session of pair)
        expect(await session.query(sql`select current_setting('transaction_read_only') as only`)).toEqual([
          { only: 'off' },
        ]);
    });
  });
});

test.each(newest)(
  'on %s one byte among 200,000 rows is found by a few hundred hashes, not by the rows',
  async (version) => {
    const fill = [
      'create table t (id bigint primary key, a text, b timestamptz, c numeric)',
      `insert into t select n, md5(n::text), timestamptz '2026-01-01 00:00Z' + n * interval '1 s', n / 7.0 from generate_series(1, 200000) n`,
    ];
    const change = [`update t set a = overlay(a placing 'x' from 9) where id = 123456`];
    await withSides(version, { both: fill, after: change }, async (before, after) => {
      const [one, two] = [counted(before), counted(after)];
      const from = performance.now();
      const found = await findExamples(one.session, two.session, { relation: 'public.t' });
      expect(performance.now() - from).toBeLessThan(10_000);
      expect(found).toEqual([{ change: 'changed', key: { id: '123456' }, columns: ['a'] }]);
      for (const { answered } of [one, two]) {
        expect(answered.rows).toBeLessThan(2000);
        expect(answered.queries).toBeLessThan(10);
      }
    });
  },
  60_000,
);

test('as many rows as are asked for are found, the first of all where a thousand or fewer differ', async () => {
  const sides = {
    both: [
      'create table t (id integer primary key, v integer)',
      'insert into t select n, 1 from generate_series(1, 40000) n',
    ],
    after: ['update t set v = 2 where id % 1000 = 7'],
  };
  const keys = Array.from({ length: 40 }, (_, n) => String(n * 1000 + 7)).sort();
  // 40 buckets of about 40 rows are too many to list at once: the search descends
  const found = await examples('18', { ...sides, plan: { limit: 100 } });
  expect(found.map(({ key }) => key?.['id'])).toEqual(keys);
  const many = await examples('18', { ...sides, after: ['update t set v = 2'], plan: { limit: 100 } });
  expect(many).toHaveLength(100);
  expect((await examples('18', { ...sides, plan: { limit: 5 } })).every(({ change }) => change === 'changed')).toBe(
    true,
  );
});

test('a search that the server refuses leaves both sessions out of a transaction', async () => {
  const both = ['create table t (id integer primary key)'];
  await withSides('18', { both }, async (before, after) => {
    await withSession(before.connection, async (other) => {
      await other.query(sql`begin`);
      await other.query(sql`lock table public.t in access exclusive mode`);
      await before.query(sql`set lock_timeout = '50ms'`);
      await expect(findExamples(before, after, { relation: 'public.t' })).rejects.toThrow(/timeout/);
      await other.query(sql`rollback`);
    });
    await before.query(sql`vacuum public.t`);
    await after.query(sql`vacuum public.t`);
  });
});
