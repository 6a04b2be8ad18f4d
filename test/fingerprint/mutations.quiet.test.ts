import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Connection, id, sql } from '../../src/database/index.ts';
import { captureSchema, compareSchemas } from '../../src/fingerprint/index.ts';
import { newest, runSql, serverConnection, since15, versions, withDatabase, withSession } from '../database.io.ts';
import { fixture, fixture18 } from './mutations.fixture.ts';
import { written } from './mutations.ts';
import { type Version } from '../binaries.io.ts';

/** The fixture is one of 15. */
const there = newest.filter((version) => since15.includes(version));

/** A copy has no subscription: it belongs to one database of the server. */
const copied = fixture.filter((statement) => !statement.startsWith('create subscription'));

async function make(connection: Connection, version: Version): Promise<void> {
  await runSql(connection, version === '18' ? [...copied, ...fixture18] : copied);
  await runSql(connection, [
    'alter table s.t cluster on t_a',
    `insert into s.t (id, a) select n, n::text from generate_series(1, 100) n`,
    // holes among the attribute numbers, an index named after a column that has another name by now
    'alter table s.toast add gone integer',
    'alter table s.toast add stays integer',
    'alter table s.toast drop gone',
    'alter table s.loose rename at to since',
  ]);
}

test.each(there)('on %s nothing that leaves the schema as it was is taken for a change', async (version) => {
  await withDatabase(version, async (connection) => {
    await make(connection, version);
    await withSession(connection, async (session) => {
      const before = await captureSchema(session);
      for (const statement of [
        'analyze',
        'vacuum full s.t',
        'vacuum full',
        'vacuum freeze',
        'cluster s.t',
        'cluster',
        'reindex table s.t',
        'reindex index concurrently s.t_a',
        'reindex schema s',
        'refresh materialized view s.m',
        `select nextval('s.seq'), setval('s.seq', 77)`,
        'insert into s.t (id, b) values (1001, 1)',
        'truncate s.t',
        'checkpoint',
      ]) {
        await session.run(statement);
        expect(compareSchemas(before, await captureSchema(session)).map(written), statement).toEqual([]);
      }
    });
  });
});

test.each(there)('on %s the settings of the session make no difference', async (version) => {
  await withDatabase(version, async (connection) => {
    await make(connection, version);
    await withSession(connection, async (session) => {
      const before = await captureSchema(session);
      for (const setting of [
        `search_path = 's, other, public'`,
        `search_path = ''`,
        'quote_all_identifiers = on',
        `"TimeZone" = 'Asia/Tokyo'`,
        `"DateStyle" = 'German, DMY'`,
        `"IntervalStyle" = 'iso_8601'`,
        'extra_float_digits = -5',
        `bytea_output = 'escape'`,
        `xmlbinary = 'hex'`,
        'standard_conforming_strings = off',
        'enable_seqscan = off',
        'enable_hashjoin = off',
        'enable_mergejoin = off',
        'enable_sort = off',
        'work_mem = 64',
        'jit = on',
        'row_security = on',
        `role = 'postgres'`,
      ]) {
        await session.run(`set ${setting}`);
        expect(compareSchemas(before, await captureSchema(session)).map(written), setting).toEqual([]);
        await session.run(`reset ${setting.split(' =')[0]}`);
      }
    });
  });
});

test.each(there)('on %s the order in which things are granted and made makes no difference', async (version) => {
  const [first, second] = [
    ['grant select on s.seq to pg_monitor', 'grant select on s.seq to pg_read_all_data'],
    ['alter table s.t set (fillfactor = 50)', 'alter table s.t set (autovacuum_enabled = off)'],
    ['create index i1 on s.t (b)', 'create index i2 on s.t (c)'],
    [
      'create trigger y before insert on s.t execute function s.touch()',
      'create trigger z before insert on s.t execute function s.touch()',
    ],
    ['create policy y on s.t', 'create policy z on s.t'],
    ['alter publication pub add table s.k', 'alter publication pub add table s.parent'],
    ['alter table s.k add constraint y check (a > 1)', 'alter table s.k add constraint z check (a > 2)'],
    [
      `create function s.o(integer) returns integer language sql as 'select 1'`,
      `create function s.o(text) returns integer language sql as 'select 1'`,
    ],
    [
      `alter default privileges grant select on tables to pg_monitor`,
      `alter default privileges grant insert on tables to pg_read_all_data`,
    ],
    [`alter server server options (add a '1')`, `alter server server options (add b '2')`],
  ].reduce<[string[], string[]]>(
    ([there, back], pair) => [
      [...there, ...pair],
      [...back, ...pair.toReversed()],
    ],
    [[], []],
  );
  await withDatabase(version, async (connection) => {
    await make(connection, version);
    await withSession(connection, async (session) => {
      const captured = [];
      for (const order of [first, second]) {
        await session.run('begin');
        for (const statement of order) await session.run(statement);
        captured.push(await captureSchema(session));
        await session.run('rollback');
      }
      const [one, two] = captured;
      if (one === undefined || two === undefined) throw new Error('not captured');
      expect(compareSchemas(one, two).map(written)).toEqual([]);
      expect(one.digest).toBe(two.digest);
    });
  });
});

test.each(there)('on %s a copy by CREATE DATABASE … TEMPLATE is strictly equal', async (version) => {
  await withDatabase(version, async (connection) => {
    await make(connection, version);
    const before = await withSession(connection, captureSchema);
    const copy = `copy_${randomBytes(6).toString('hex')}`;
    await withSession(serverConnection(version), async (admin) => {
      await admin.query(sql`create database ${id(copy)} template ${id(connection.database)}`);
      try {
        const after = await withSession(serverConnection(version, copy), captureSchema);
        expect(compareSchemas(before, after).map(written)).toEqual([]);
        expect(after.digest).toBe(before.digest);
      } finally {
        await admin.query(sql`drop database ${id(copy)}`);
      }
    });
  });
});

test.each(there)('on %s a key of a partition is the same, however it came there', async (version) => {
  const parent = ['create table p (i integer, j integer, primary key (i), unique (i, j)) partition by list (i)'];
  const made = ['create table p1 partition of p for values in (1)'];
  // as a dump does it
  const dumped = [
    'create table p (i integer not null, j integer) partition by list (i)',
    'create table p1 (i integer constraint p_i_not_null not null, j integer)',
    'alter table only p attach partition p1 for values in (1)',
    'alter table only p add primary key (i)',
    'alter table only p add unique (i, j)',
    'alter table only p1 add primary key (i)',
    'alter table only p1 add unique (i, j)',
    'alter index p_pkey attach partition p1_pkey',
    'alter index p_i_j_key attach partition p1_i_j_key',
  ];
  const captured = [];
  for (const statements of [[...parent, ...made], dumped])
    captured.push(
      await withDatabase(version, async (connection) => {
        await runSql(connection, statements);
        return withSession(connection, captureSchema);
      }),
    );
  const [one, two] = captured;
  if (one === undefined || two === undefined) throw new Error('not captured');
  expect(compareSchemas(one, two).map(written)).toEqual([]);
});

/** In what a database that was dumped and restored differs, strictly or by what a dump leaves out. */
const afterRestore: readonly (readonly [difference: string, why: string])[] = [
  ['column s.toast.stays: attnum (strict)', 'a dump does not keep the places of dropped columns'],
  ['table s.toast: attributes (strict)', 'nor does it count them'],
];

test.runIf(versions.includes('15'))('a dump that is restored is logically equal, but for what is listed', async () => {
  const binaries = '/usr/lib/postgresql/15/bin';
  await withDatabase('15', async (connection) => {
    await make(connection, '15');
    const before = await withSession(connection, captureSchema);
    await withDatabase('15', async (restored) => {
      const address = ({ host, port, user, database }: Connection): readonly string[] => [
        '-h',
        host,
        '-p',
        String(port),
        '-U',
        user,
        '-d',
        database,
      ];
      const { stdout } = await promisify(execFile)(`${binaries}/pg_dump`, address(connection), { maxBuffer: 1 << 26 });
      const load = execFile(`${binaries}/psql`, [...address(restored), '-qX', '-v', 'ON_ERROR_STOP=1'], {
        maxBuffer: 1 << 26,
      });
      let complaints = '';
      load.stderr?.on('data', (text: string) => (complaints += text));
      load.stdin?.end(stdout);
      const status = await new Promise((resolve) => load.on('close', resolve));
      expect(status, complaints).toBe(0);
      const after = await withSession(restored, captureSchema);
      const found = compareSchemas(before, after).map(written);
      expect(found.toSorted()).toEqual(afterRestore.map(([difference]) => difference).toSorted());
    });
  });
});
