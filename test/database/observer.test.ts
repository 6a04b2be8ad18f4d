import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Milliseconds, OneRoofError } from '../../src/core/index.ts';
import {
  createCluster,
  embeddedBinaries,
  ownFolder,
  startServer,
  type Connection,
  type Observer,
  observerGrants,
  observerStatements,
  openObserver,
  sql,
} from '../../src/database/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';
import { type Version } from '../binaries.io.ts';
import { shared } from '../shared.ts';

const options = { applicationName: 'test observer', searchPath: ['public'], statementTimeout: 3000 as Milliseconds };

/** A database with a table, and a role of its own that `observerStatements` made. */
async function withObserverRole(
  version: Version,
  use: (as: Connection, admin: Connection) => Promise<void>,
): Promise<void> {
  await withDatabase(version, async (admin) => {
    const role = `o_${admin.database}`;
    await runSql(admin, [
      'create table public.orders (id int primary key)',
      'insert into public.orders values (1), (2)',
      'create sequence public.numbers',
    ]);
    await runSql(admin, observerStatements(role, ['public']));
    await runSql(admin, observerStatements(role, ['public']));
    try {
      await use({ ...admin, user: role }, admin);
    } finally {
      await runSql(admin, [`drop owned by ${role}`, `drop role ${role}`]);
    }
  });
}

async function caught(action: Promise<unknown>): Promise<OneRoofError> {
  const error: unknown = await action.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof OneRoofError) return error;
  throw error ?? new Error('nothing was thrown');
}

const read = (observer: Observer, text: string) => observer.snapshot((reading) => reading.read(text, { maxRows: 5 }));

describe.each(versions)('an observer on PostgreSQL %s', (version) => {
  const role = shared<readonly [Connection, Connection]>((use) => withObserverRole(version, (...made) => use(made)));
  const withSharedRole = (use: (as: Connection, admin: Connection) => Promise<void>): Promise<void> => use(...role());

  test('reads with the role that observerGrants makes, and its counters are all zero', async () => {
    await withSharedRole(async (as) => {
      const observer = await openObserver(as, options);
      expect(await read(observer, 'select count(*) from orders')).toEqual([['2']]);
      expect(await read(observer, 'select generate_series(1, 1000000000000)')).toHaveLength(6);
      expect(await read(observer, 'with a as (select null::int as n) select n from a; -- the end')).toEqual([[null]]);
      expect(await observer.close()).toEqual({
        role: as.user,
        standby: false,
        transactionIdAssigned: false,
        advisoryLocks: 0,
        rowsWritten: 0,
        definerFunctions: [],
      });
    });
  });

  test.each([
    'insert into orders values (3)',
    'with gone as (delete from orders returning id) select * from gone',
    'select 1; commit; create table t (a int)',
    'select 1 into t',
    'create temp table t (a int)',
    'set transaction read write',
    "copy (select 1) to program 'true'",
    "select nextval('numbers')",
    'select * from orders for update',
    "select set_config('transaction_read_only', 'off', false)",
    'notify a',
    'commit',
    'do $$ begin end $$',
  ])('refuses %s, and the next read in the same snapshot works', async (text) => {
    await withSharedRole(async (as) => {
      const observer = await openObserver(as, options);
      await observer.snapshot(async (reading) => {
        await expect(reading.read(text, { maxRows: 5 })).rejects.toThrow();
        expect(await reading.read('select count(*) from orders', { maxRows: 5 })).toEqual([['2']]);
      });
      expect((await observer.close()).transactionIdAssigned).toBe(false);
    });
  });

  test('cannot write in a session of its own either, outside of every read-only transaction', async () => {
    await withSharedRole(async (as) => {
      await withSession(as, async (session) => {
        await session.run('set default_transaction_read_only = off');
        for (const text of [
          'insert into public.orders values (3)',
          "select nextval('public.numbers')",
          'create temp table t (a int)',
          'create table public.t (a int)',
          'create schema s',
          "copy (select 1) to program 'true'",
        ])
          await expect(session.run(text), text).rejects.toMatchObject({ code: '42501' });
      });
    });
  });

  test('says OBSERVER_WROTE for what a read-only transaction lets through', async () => {
    await withObserverRole(version, async (as) => {
      for (const text of ['select pg_advisory_lock(7)', 'select pg_advisory_xact_lock(7) from orders']) {
        const observer = await openObserver(as, options);
        await read(observer, text);
        expect((await caught(observer.close())).code, text).toBe('OBSERVER_WROTE');
      }
      const observer = await openObserver(as, options);
      if (Number(version) >= 16) {
        await expect(read(observer, 'select lo_create(0)')).rejects.toThrow(/read-only transaction/);
        await observer.close();
      } else {
        await read(observer, 'select lo_create(0)');
        expect((await caught(observer.close())).message).toMatch(/transaction ID/);
      }
    });
  });

  test('sends no notification and leaves no large object, because every look is rolled back', async () => {
    await withObserverRole(version, async (as, admin) => {
      await withSession(admin, async (listener) => {
        await listener.query(sql`listen a`);
        const observer = await openObserver(as, options);
        await read(observer, "select pg_notify('a', 'out')");
        await read(observer, 'select lo_create(0)').catch(() => []);
        await observer.close().catch(() => null);
        expect(await listener.query(sql`select count(*) as n from pg_largeobject_metadata`)).toEqual([{ n: '0' }]);
        expect(listener.heard().notifications).toEqual([]);
      });
    });
  });

  test.each([
    ['grant insert (id) on orders to public', /insert \(id\) on table public.orders from public/],
    ['grant delete, trigger on orders to :role', /revoke delete, trigger on table public.orders from/],
    ['grant usage on sequence numbers to :role', /revoke usage on sequence public.numbers from/],
    ['grant create on schema public to public', /revoke create on schema public from public/],
    ['grant temporary on database :database to public', /revoke temporary on database .* from public/],
    ['alter role :role createdb', /alter role .* nocreatedb/],
    ['grant pg_read_all_data to :role', /revoke pg_read_all_data from/],
    ['grant pg_execute_server_program to :role', /revoke pg_execute_server_program from/],
    ['grant postgres to :role', /revoke postgres from/],
    ['create extension dblink', /revoke execute on function .*dblink_exec\(/],
  ])('refuses a role after %s, with OBSERVER_CAN_WRITE and a fix that works', async (grant, fix) => {
    await withSharedRole(async (as, admin) => {
      const filled = (text: string): string => text.replace(':role', as.user).replace(':database', as.database);
      await runSql(admin, [filled(grant)]);
      const error = await caught(openObserver(as, options));
      expect(error.code).toBe('OBSERVER_CAN_WRITE');
      expect(error.problems.map((problem) => problem.fix).join('\n')).toMatch(fix);
      await runSql(
        admin,
        error.problems.map(({ fix: text }) => text),
      );
      await (await openObserver(as, options)).close();
    });
  });

  test('refuses a superuser without a word of taking its rights from it: another role is to be named', async () => {
    await withObserverRole(version, async (as, admin) => {
      await runSql(admin, [`alter role ${as.user} superuser createdb replication`]);
      const { problems } = await caught(openObserver(as, options));
      expect(problems.map(({ problem, fix }) => [problem.replace(/^.*: /, ''), fix])).toEqual([
        ['it is a superuser', expect.stringMatching(/^use another role: .*oneroof grants/)],
      ]);
    });
  });

  test.each(['alter role :role superuser', 'alter table orders owner to :role'])(
    'asks after %s for another role, which the printed statements make',
    async (grant) => {
      await withObserverRole(version, async (as, admin) => {
        await runSql(admin, [grant.replace(':role', as.user)]);
        const error = await caught(openObserver(as, options));
        const fixes = error.problems.map(({ fix }) => fix);
        expect(fixes).toEqual([expect.stringMatching(/^use another role: .*oneroof grants/)]);
        const another = `${as.user}_another`;
        try {
          await runSql(admin, observerStatements(another, ['public']));
          await (await openObserver({ ...as, user: another }, options)).close();
        } finally {
          await runSql(admin, [`drop owned by ${another}`, `drop role ${another}`]);
        }
      });
    },
  );

  test("names every reason at once, and lists nothing that the server's privilege functions would deny", async () => {
    await withObserverRole(version, async (as, admin) => {
      await runSql(admin, [
        `grant update, delete on orders to ${as.user}`,
        `alter role ${as.user} createrole`,
        'create table public.safe (a int)',
      ]);
      const error = await caught(openObserver(as, options));
      expect(error.problems.map((problem) => problem.code)).toEqual(['OBSERVER_CAN_WRITE', 'OBSERVER_CAN_WRITE']);
      await withSession(admin, async (session) => {
        const held = await session.query(sql`select c.oid::regclass::text as name from pg_class c
          where relnamespace = 'public'::regnamespace and relkind = 'r' and has_table_privilege(${as.user}, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')`);
        expect(held).toEqual([{ name: 'public.orders' }]);
      });
    });
  });

  test('lists the SECURITY DEFINER functions that it may call', async () => {
    await withObserverRole(version, async (as, admin) => {
      await runSql(admin, ["create function public.sly() returns int language sql security definer as 'select 1'"]);
      const observer = await openObserver(as, options);
      expect((await observer.close()).definerFunctions).toEqual(['public.sly()']);
    });
  });

  test('ends a read that never ends', async () => {
    await withSharedRole(async (as) => {
      const observer = await openObserver(as, { ...options, statementTimeout: 1000 as Milliseconds });
      await expect(read(observer, 'select pg_sleep(60)')).rejects.toMatchObject({ code: '57014' });
      await observer.close();
    });
  });
});

test('observerGrants is the statements as one text, with names quoted', () => {
  expect(observerGrants('a"b', ['Odd name'])).toContain('grant usage on schema "Odd name" to "a""b";');
});

test('a standby is accepted with any role, and recorded as one', async () => {
  const binaries = embeddedBinaries();
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-test-'));
  ownFolder(folder, binaries);
  const data = join(folder, 'data');
  mkdirSync(data);
  await createCluster({ binaries, data });
  writeFileSync(join(data, 'standby.signal'), '');
  const server = await startServer({ binaries, data, settings: { hot_standby: 'on' }, deleteAfter: folder });
  try {
    const observer = await openObserver(server.connection('postgres'), options);
    expect(await read(observer, 'select count(*) from pg_class where false')).toEqual([['0']]);
    expect(await observer.close()).toMatchObject({ standby: true, role: 'postgres', transactionIdAssigned: false });
  } finally {
    await server.stop();
  }
});
