import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, id, openSession, type Session, sql } from '../../src/database/index.ts';
import { compareData, type DataComparison, markChanges } from '../../src/fingerprint/index.ts';
import { runSql, serverConnection, versions, withSession } from '../database.io.ts';
import { count } from '../counts.ts';

const seeds = ['11', '-7'] as const;

/** What every golden database of this file holds. */
const golden = [
  'create table t (id integer primary key, v text, n numeric default 1.0)',
  "insert into t select g, repeat('x', 40), g from generate_series(1, 20000) g",
  'create table small (id integer primary key, v text)',
  "insert into small select g, 'v' || g from generate_series(1, 50) g",
  'create table wide (id integer primary key, big text)',
  "insert into wide select g, (select string_agg(md5((g * h)::text), '') from generate_series(1, 300) h) from generate_series(1, 20) g",
  "create type mood as enum ('sad', 'ok', 'new')",
  'create table feeling (id integer, m mood, l mood[])',
  "insert into feeling values (1, 'ok', '{sad}'), (2, 'sad', '{}')",
  'create type pair as (a integer, b text)',
  'create table paired (id integer, p pair)',
  "insert into paired values (1, (1, 'x'))",
  'create table named (r regclass)',
  "insert into named values ('small')",
  'create unlogged table fleeting (id integer)',
  'insert into fleeting values (1)',
  'create table parted (id integer, v text) partition by range (id)',
  'create table part1 partition of parted for values from (0) to (100)',
  'create table part2 partition of parted for values from (100) to (200)',
  "insert into parted select g, 'p' from generate_series(1, 199) g",
  'create materialized view m as select count(*) as n from t',
  'create sequence s',
  "select setval('s', 5)",
  "select lo_from_bytea(4711, 'large'::bytea)",
];

/** Statements that a release and its rollback may hold: what restores, what does not, and what only looks like either. */
const statements = [
  "update t set v = 'y' where id = 17",
  "update t set v = repeat('x', 40) where id = 17",
  'update t set n = n + 0.0 where id = 9',
  'update t set n = 9 where id = 9',
  'delete from t where id > 19990',
  "insert into t select g, repeat('x', 40), g from generate_series(19991, 20000) g on conflict do nothing",
  'alter table t add column extra integer default 5',
  'alter table t drop column if exists extra',
  'alter table t drop column if exists v',
  "alter table t add column if not exists v text default repeat('x', 40)",
  'alter table t alter column id type bigint',
  'alter table t alter column id type integer',
  'alter table t alter column v type varchar(100)',
  'alter table t alter column v type text',
  'truncate small',
  "insert into small select g, 'v' || g from generate_series(1, 50) g on conflict do nothing",
  'drop table if exists small',
  'create table if not exists small (id integer primary key, v text)',
  "insert into small values (51, 'v51') on conflict do nothing",
  'delete from small where id = 51',
  "update wide set big = (select string_agg(md5((id * h)::text), '') from generate_series(1, 300) h) where id = 3",
  "update wide set big = big || 'x' where id = 4",
  'update wide set big = rtrim(big, $$x$$) where id = 4',
  "alter type mood rename value 'ok' to 'fine'",
  "alter type mood rename value 'fine' to 'ok'",
  "alter type mood rename value 'sad' to 'glad'",
  "update feeling set m = 'new' where id = 1",
  'alter type pair add attribute c integer',
  'alter type pair drop attribute if exists c',
  'alter table small rename to tiny',
  'alter table if exists tiny rename to small',
  'insert into fleeting values (2)',
  'delete from fleeting where id = 2',
  "update parted set id = 150 where id = 50 and v = 'p'",
  'delete from part2 where id = 150',
  'alter table parted detach partition part2',
  "insert into t values (30000, 'late', 1) on conflict do nothing",
  'delete from t where id = 30000',
  'refresh materialized view m',
  "select nextval('s')",
  "select setval('s', 5)",
  "select lo_put(4711, 0, 'LARGE'::bytea)",
  "select lo_put(4711, 0, 'large'::bytea)",
  'select lo_unlink(4711) where exists (select from pg_largeobject_metadata where oid = 4711)',
  "select lo_from_bytea(4711, 'large'::bytea) where not exists (select from pg_largeobject_metadata where oid = 4711)",
  'select lo_create(4712) where not exists (select from pg_largeobject_metadata where oid = 4712)',
  'alter table t set unlogged',
  'alter table t set logged',
  'vacuum full small',
  'vacuum t',
  'cluster t using t_pkey',
];

const has18 = versions.includes('18');

describe.runIf(has18)('the comparison of changed blocks', () => {
  let admin: Session;
  const source = `oneroof_g_${randomBytes(6).toString('hex')}`;
  beforeAll(async () => {
    admin = await openSession(serverConnection('18'), { applicationName: 'test' });
    await admin.query(sql`create database ${id(source)}`);
    await runSql(serverConnection('18', source), golden);
  });
  afterAll(async () => {
    await admin.query(sql`drop database if exists ${id(source)} with (force)`);
    await admin.close();
  });

  /** Compares golden with a clone after the statements, by changed blocks and by reading every row. */
  async function compared(
    changes: readonly string[],
  ): Promise<{ readonly quick: DataComparison; readonly full: DataComparison; readonly ran: number }> {
    const clone = `oneroof_c_${randomBytes(6).toString('hex')}`;
    await admin.query(sql`create database ${id(clone)} template ${id(source)} strategy file_copy`);
    try {
      const connection = serverConnection('18', clone);
      const since = await withSession(connection, markChanges);
      const ran = await runThose(connection, changes);
      const before = { connection: serverConnection('18', source), since: 'never changed' } as const;
      const after = { connection, since };
      // the quick one first: reading sets hint bits, which change blocks
      const quick = await compareData(before, after, { seeds });
      const full = await compareData(before, after, { seeds, full: true });
      return { quick, full, ran };
    } finally {
      await admin.query(sql`drop database if exists ${id(clone)} with (force)`);
    }
  }

  const named = (comparison: DataComparison): readonly string[] =>
    comparison.differences.map(({ kind, name }) => `${kind} ${name}`).sort();

  it('reads nothing where nothing changed, and says so', async () => {
    const { quick, full } = await compared([]);
    expect(quick).toMatchObject({ method: 'changed blocks', fallback: null, differences: [], blocks: 0 });
    expect(quick.relations).toBe(full.relations);
    expect(full).toMatchObject({ method: 'full', differences: [] });
  });

  it('reads a few blocks of a table of which a few rows went and came back', async () => {
    const { quick } = await compared([
      "update t set v = 'y' where id = 17",
      "update t set v = repeat('x', 40) where id = 17",
    ]);
    expect(quick).toMatchObject({ method: 'changed blocks', differences: [] });
    expect(quick.blocks).toBeGreaterThan(0);
    expect(quick.blocks).toBeLessThan(8);
    expect(Number(quick.rows)).toBeLessThan(2000);
  });

  it('does not read a table whole because a column came and went', async () => {
    const { quick } = await compared(['alter table t add column e integer', 'alter table t drop column e']);
    expect(quick).toMatchObject({ differences: [] });
    expect(Number(quick.rows)).toBeLessThan(2000);
  });

  // each of these changes no block of the table, or no byte of its rows
  for (const [what, changes, found] of [
    [
      'a column dropped and added again with a default',
      ['alter table t drop column v', "alter table t add column v text default 'x'"],
      'table public.t',
    ],
    [
      'labels of an enum that changed places',
      ["alter type mood rename value 'ok' to 'x'", "alter type mood rename value 'sad' to 'ok'"],
      'table public.feeling',
    ],
    [
      'a name behind an OID',
      ['drop table small', 'create table small (id integer primary key, v text)'],
      'table public.named',
    ],
    ['one row of an unlogged table', ['insert into fleeting values (2)'], 'table public.fleeting'],
    ['one byte of a large object', ["select lo_put(4711, 1, 'A'::bytea)"], 'large objects pg_catalog.pg_largeobject'],
    ['one value that is out of line', ["update wide set big = big || 'x' where id = 4"], 'table public.wide'],
    ['a row at the very end', ["insert into t values (30000, 'late', 1)"], 'table public.t'],
    ['the rows after a truncation', ['delete from t where id > 10000', 'vacuum t'], 'table public.t'],
    ['a sequence that went on', ["select nextval('s')"], 'sequence public.s'],
  ] as const)
    it(`finds ${what}`, async () => {
      const { quick, full } = await compared(changes);
      expect(quick.method).toBe('changed blocks');
      expect(named(quick)).toContain(found);
      expect(named(quick)).toEqual(named(full));
    });

  it('agrees with the full comparison on random releases', {
    timeout: 60_000 + count('rowChanges') * 3000,
  }, async () => {
    let applied = 0;
    let equal = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...statements), { minLength: 1, maxLength: 8 }), async (changes) => {
        const { quick, full, ran } = await compared(changes);
        applied += ran;
        equal += full.differences.length === 0 ? 1 : 0;
        expect(quick.method).toBe('changed blocks');
        expect(named(quick)).toEqual(named(full));
        expect(quick.relations).toBe(full.relations);
      }),
      { numRuns: count('rowChanges') },
    );
    // a property over statements that all fail, or over changes that are all found, would say nothing
    expect(applied).toBeGreaterThan(count('rowChanges'));
    expect(equal).toBeGreaterThan(count('rowChanges') / 30);
  });
});

/** Runs what the server takes, and counts it. */
async function runThose(connection: Connection, changes: readonly string[]): Promise<number> {
  const session = await openSession(connection, { applicationName: 'test', settings: { search_path: 'public' } });
  let ran = 0;
  try {
    for (const change of changes)
      await session.run(change).then(
        () => (ran += 1),
        (error: { code?: string }) => expect(error.code).toMatch(/^[0-9A-Z]{5}$/),
      );
  } finally {
    await session.close();
  }
  return ran;
}
