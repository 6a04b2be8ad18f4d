import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Connection, findBinaries, id, openSession, type Session, sql } from '../../src/database/index.ts';
import { captureRows, compareRows, unproven } from '../../src/fingerprint/index.ts';
import { newest, runSql, serverConnection, versions, withDatabase, withSession } from '../database.io.ts';

const seeds = ['3', '4'] as const;
const name = 'oneroof rows of a test';

/** Waits until the capture waits for a lock, so that what comes next comes between. */
async function untilItWaits(session: Session): Promise<void> {
  for (;;) {
    const waiting = await session.query(
      sql`select from pg_stat_activity where application_name = ${name} and wait_event_type = 'Lock' and datname = current_database()`,
    );
    if (waiting.length > 0) return;
    await sleep(10);
  }
}

async function openBoth(connection: Connection): Promise<readonly [Session, Session]> {
  return [
    await openSession(connection, { applicationName: 'test' }),
    await openSession(connection, { applicationName: 'test', settings: { lock_timeout: '100ms' } }),
  ];
}

test.each(newest)(
  'on %s a TRUNCATE that comes before the locks is in the snapshot, and one that comes after them waits',
  async (version) => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, [
        'create table public.a as select 1 as x',
        'create table public.b as select n as x from generate_series(1, 3) n',
        'create table public.c as select 1 as x',
        'create table public.d as select 1 as x',
      ]);
      const [holder, other] = await openBoth(connection);
      try {
        await holder.run('begin');
        await holder.run('truncate public.b');
        await holder.run('alter table public.c alter x type text using x::text');
        await holder.run('drop table public.d');
        await holder.run('create table public.e as select 5 as x');
        const reading = captureRows(connection, { seeds, applicationName: name, workers: 1 });
        await untilItWaits(other);
        await expect(other.run('truncate public.a')).rejects.toThrow(/lock timeout/);
        await other.run('insert into public.a values (2)');
        await holder.run('commit');
        const data = await reading;
        expect(data.notProven).toEqual([]);
        expect(data.relations.map(({ relation, rows }) => [relation, rows])).toEqual([
          ['public.a', '2'],
          ['public.b', '0'],
          ['public.c', '1'],
          ['public.e', '1'],
        ]);
      } finally {
        await Promise.all([holder.close(), other.close()]);
      }
    });
  },
);

test.each(newest)('on %s a table that another session holds is not proven, and all others are', async (version) => {
  await withDatabase(version, async (connection) => {
    await runSql(connection, [
      'create table public.a as select 1 as x',
      'create table public.b as select 1 as x',
      'create sequence public.s',
    ]);
    const before = await captureRows(connection, { seeds });
    const [holder, other] = await openBoth(connection);
    try {
      await holder.run('begin');
      await holder.run('lock table public.a');
      const start = performance.now();
      const after = await captureRows(connection, { seeds, applicationName: name });
      expect(performance.now() - start).toBeLessThan(6000);
      expect(after.relations.map(({ relation }) => relation)).toEqual(['public.b']);
      expect(after.sequences).toHaveLength(1);
      expect(after.notProven).toMatchObject([{ relation: 'public.a', reason: expect.stringContaining('locked') }]);
      expect(compareRows(before, after)).toEqual([]);
      expect(unproven(before, after).map(({ relation }) => relation)).toEqual(['public.a']);
      expect(unproven(after, before).map(({ relation }) => relation)).toEqual(['public.a']);
    } finally {
      await Promise.all([holder.close(), other.close()]);
    }
  });
});

test.each(newest)(
  'on %s a materialized view that is refreshed meanwhile is not proven: its new rows are not of the snapshot',
  async (version) => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, [
        'create table public.a as select 1 as x',
        'create materialized view public.m as select * from public.a',
      ]);
      const [holder, other] = await openBoth(connection);
      try {
        await runSql(connection, ['insert into public.a values (2)']);
        await holder.run('begin');
        await holder.run('refresh materialized view public.m');
        const reading = captureRows(connection, { seeds, applicationName: name, workers: 2 });
        await untilItWaits(other);
        // somebody waits for the table now, and whoever comes later waits behind them; the leader has its lock already
        await expect(other.run('truncate public.a')).rejects.toThrow(/lock timeout/);
        await holder.run('commit');
        const data = await reading;
        expect(data.relations).toMatchObject([{ relation: 'public.a', rows: '2' }]);
        expect(data.notProven).toEqual([
          { relation: 'public.m', reason: 'was rewritten or truncated while its rows were being read' },
        ]);
      } finally {
        await Promise.all([holder.close(), other.close()]);
      }
    });
  },
);

test('a reading that is interrupted ends at once, and leaves no session behind', async () => {
  await withDatabase('18', async (connection) => {
    await runSql(connection, ['create materialized view public.m as select 1 as x']);
    const [holder, other] = await openBoth(connection);
    try {
      await holder.run('begin');
      await holder.run('refresh materialized view public.m');
      const stop = new AbortController();
      const reading = captureRows(connection, { seeds, applicationName: name, signal: stop.signal });
      const refused = expect(reading).rejects.toMatchObject({ code: 'INTERRUPTED' });
      await untilItWaits(other);
      const start = performance.now();
      stop.abort();
      await refused;
      expect(performance.now() - start).toBeLessThan(1500);
      await sleep(50);
      expect(await other.query(sql`select from pg_stat_activity where application_name = ${name}`)).toEqual([]);
      await expect(captureRows(connection, { seeds, signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'INTERRUPTED',
      });
    } finally {
      await Promise.all([holder.close(), other.close()]);
    }
  });
});

test.each(newest)('on %s what a role may not read is not proven, each with its reason', async (version) => {
  await withDatabase(version, async (connection) => {
    const role = `r_${connection.database}`;
    await runSql(connection, [
      `create role ${role} login`,
      'create schema hidden',
      'create table hidden.t (a integer)',
      'create table public.secret (a integer)',
      'create table public.some_columns (a integer, b integer)',
      `grant select (a) on public.some_columns to ${role}`,
      'create table public.guarded (a integer)',
      'alter table public.guarded enable row level security',
      `create policy all_rows on public.guarded using (true)`,
      'create sequence public.counter',
      'create table public.seen (a integer)',
      `grant select on public.guarded, public.seen to ${role}`,
      'create foreign data wrapper w',
      'create server s foreign data wrapper w',
      'create foreign table public.elsewhere (a integer) server s',
      'select lo_create(1)',
    ]);
    try {
      const data = await captureRows({ ...connection, user: role }, { seeds });
      expect(data.relations.map(({ relation }) => relation)).toEqual([
        'pg_catalog.pg_largeobject_metadata',
        'public.seen',
      ]);
      expect(data.notProven).toEqual([
        { relation: 'hidden.t', reason: 'no USAGE on its schema' },
        { relation: 'pg_catalog.pg_largeobject', reason: 'no SELECT on large objects' },
        { relation: 'public.counter', reason: 'no SELECT on it' },
        { relation: 'public.elsewhere', reason: 'a foreign table: its rows are on another server' },
        { relation: 'public.guarded', reason: 'row security hides rows from this role' },
        { relation: 'public.secret', reason: 'no SELECT on it' },
        { relation: 'public.some_columns', reason: 'no SELECT on it' },
      ]);
    } finally {
      await runSql(connection, [`drop owned by ${role}`, `drop role ${role}`]);
    }
  });
});

test('a row that the server cannot read takes its table out, and no other one', async () => {
  await withDatabase('18', async (connection) => {
    await runSql(connection, [
      'create type public.broken',
      `create function public.broken_in(cstring) returns public.broken language internal immutable strict as 'textin'`,
      // a text is no uuid's sixteen bytes, so that enum_out refuses it as a label
      `create function public.broken_out(public.broken) returns cstring language internal stable strict as 'enum_out'`,
      `create function public.broken_send(public.broken) returns bytea language internal immutable strict as 'oidsend'`,
      'create type public.broken (input = public.broken_in, output = public.broken_out, send = public.broken_send, like = oid)',
      'create cast (oid as public.broken) without function',
      'create table public.a as select 1 as x',
      'create table public.b as select 1::oid::public.broken as x',
      'create table public.c as select 1 as x',
    ]);
    const data = await captureRows(connection, { seeds });
    expect(data.relations.map(({ relation }) => relation)).toEqual(['public.a', 'public.c']);
    expect(data.notProven).toEqual([
      { relation: 'public.b', reason: expect.stringContaining('invalid internal value for enum') },
    ]);
  });
});

test('a thousand tables and a hundred sequences take seconds', async () => {
  await withDatabase('18', async (connection) => {
    await runSql(connection, [
      `do $$begin for n in 1..1000 loop execute format('create table public.t%s (a integer primary key)', n); end loop; end$$`,
      `do $$begin for n in 1..101 loop execute format('create sequence public.s%s', n); end loop; end$$`,
      'insert into public.t7 values (1), (2)',
    ]);
    const start = performance.now();
    const progress: number[] = [];
    const data = await captureRows(connection, { seeds, onProgress: ({ bytes, of }) => progress.push(bytes / of) });
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(data.relations).toHaveLength(1000);
    expect(data.sequences).toHaveLength(101);
    expect(data.relations.find(({ relation }) => relation === 'public.t7')).toMatchObject({ rows: '2' });
    expect(progress.at(-1)).toBe(1);
    expect(progress.length).toBeLessThanOrEqual(20);
  });
}, 30_000);

test.skipIf(!versions.includes('15'))('rows that went through pg_dump and back are the same rows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-rows-'));
  const bin = findBinaries(15).folder;
  try {
    await withDatabase('15', async (connection) => {
      const copy = `${connection.database}_c`;
      await runSql(connection, [
        'create table public.t (id serial primary key, f float8, j json, n numeric, b bytea, r regclass)',
        `insert into public.t (f, j, n, b, r) select random(), json_build_object('n', n), n / 7.0, sha256(n::text::bytea), 'public.t' from generate_series(1, 500) n`,
        'delete from public.t where id % 3 = 0',
        `update public.t set f = '-0' where id % 5 = 0`,
        'create table public.again as select * from public.t order by random()',
        `select lo_from_bytea(9, '\\x0102')`,
      ]);
      await withSession(serverConnection('15'), async (admin) => {
        await admin.query(sql`create database ${id(copy)}`);
        try {
          const to = ['-h', connection.host, '-U', connection.user];
          const file = join(folder, 'dump');
          execFileSync(join(bin, 'pg_dump'), [...to, '-Fc', '-f', file, connection.database]);
          execFileSync(join(bin, 'pg_restore'), [...to, '-d', copy, file]);
          const before = await captureRows(connection, { seeds });
          const after = await captureRows({ ...connection, database: copy }, { seeds, workers: 3 });
          expect(compareRows(before, after)).toEqual([]);
          expect(after.digest).toBe(before.digest);
          expect(after.relations).toHaveLength(4);
        } finally {
          await admin.query(sql`drop database ${id(copy)} with (force)`);
        }
      });
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
