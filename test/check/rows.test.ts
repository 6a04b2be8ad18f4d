import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fillRows, rowsFromFile } from '../../src/check/rows/index.ts';
import { type Connection, openSession, type Session } from '../../src/database/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';
import { everyKind, refusing } from './rows.fixture.ts';

const plan = { seed: 'one', perTable: 12 };

/** Makes the schema as a role that is no superuser, and hands over a session of that role. */
async function asOwner<T>(
  admin: Connection,
  schema: readonly string[],
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const role = `owner_of_${admin.database}`;
  await runSql(admin, [
    `create role ${role} login`,
    `alter database ${admin.database} owner to ${role}`,
    `grant all on schema public to ${role}`,
  ]);
  const own = { ...admin, user: role };
  try {
    await runSql(own, schema);
    const session = await openSession(own, { applicationName: 'test' });
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  } finally {
    await runSql(admin, [`reassign owned by ${role} to postgres`, `drop owned by ${role}`, `drop role ${role}`]);
  }
}

async function one(session: Session, text: string): Promise<string> {
  const [row] = await session.rows(text, { maxRows: 1 });
  return String(row?.[0]);
}

/** A digest of the rows of a table, without columns that the clock writes. */
async function hashes(session: Session): Promise<readonly string[]> {
  const tables = await session.rows(
    `select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`,
    { maxRows: 1000 },
  );
  const found: string[] = [];
  for (const [table] of tables)
    found.push(
      `${table} ${await one(session, `select md5(coalesce(string_agg(t::text, ',' order by t::text collate "C"), '')) from ${table} t`)}`,
    );
  return found;
}

describe.each(versions)('synthetic rows on PostgreSQL %s', (version) => {
  it('fill every table of a schema of all kinds, as an owner who is no superuser', async () => {
    await withDatabase(version, (admin) =>
      asOwner(admin, everyKind, async (session) => {
        const filled = await fillRows(session, plan);
        expect(filled.empty).toEqual([]);
        expect(filled.rows).toBeGreaterThan(300);
        expect(await one(session, 'select count(distinct mo) from public.every_type')).toBe('4');
        expect(await one(session, 'select count(distinct state) from public.checked')).toBe('3');
        // every column of every type has a value somewhere, and every one that may be NULL is NULL somewhere
        const columns = await session.rows(
          `select quote_ident(attname), attnotnull from pg_attribute where attrelid = 'public.every_type'::regclass and attnum > 0 order by 1`,
          { maxRows: 200 },
        );
        for (const [name, required] of columns) {
          const [row] = await session.rows(
            `select count(${name}) > 0, count(*) > count(${name}) from public.every_type`,
            { maxRows: 1 },
          );
          expect([name, ...(row ?? [])]).toEqual([name, 't', required === 't' || name === 'sm' ? 'f' : 't']);
        }
        for (const table of [
          'checked',
          'users',
          'members',
          'egg',
          'hen',
          'own_root',
          'by_range_1',
          'by_hash_2',
          'bookings',
        ])
          expect([table, Number(await one(session, `select count(*) from public.${table}`)) >= 5]).toEqual([
            table,
            true,
          ]);
        expect(await one(session, 'select count(*) from public.one_to_one')).toBe('12');
        expect(Number(await one(session, 'select count(boss) from public.users'))).toBeGreaterThan(0);
        expect(Number(await one(session, 'select count(team) from public.users'))).toBeGreaterThan(0);
        expect(await one(session, `select count(*) > count(distinct kind) from public.by_range`)).toBe('t');
      }),
    );
  });

  it('are the same in two databases, and others for another seed', async () => {
    const read = async (seed: string): Promise<readonly string[]> =>
      withDatabase(version, async (connection) => {
        await runSql(
          connection,
          everyKind.map((text) => text.replace(' default now()', '')),
        );
        return withSession(connection, async (session) => {
          await fillRows(session, { ...plan, seed });
          return hashes(session);
        });
      });
    const first = await read('one');
    expect(await read('one')).toEqual(first);
    expect(await read('two')).not.toEqual(first);
  });

  it('keep rows that are there, add only what is missing, and nothing the second time', async () => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, [
        'create table kept (id integer primary key, word text unique)',
        `insert into kept values (1, 'mine'), (1001, 'word-1002')`,
      ]);
      await withSession(connection, async (session) => {
        expect((await fillRows(session, { ...plan, perTable: 5 })).rows).toBe(3);
        expect(
          await one(session, `select count(*) from public.kept where (id, word) in ((1, 'mine'), (1001, 'word-1002'))`),
        ).toBe('2');
        expect((await fillRows(session, { ...plan, perTable: 5 })).rows).toBe(0);
      });
    });
  });

  it('name each table that takes none with the reason, and no value', async () => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, refusing);
      await withSession(connection, async (session) => {
        const { empty, tables } = await fillRows(session, plan);
        expect(tables).toBe(0);
        const reasons = Object.fromEntries(empty.map(({ table, reason }) => [table, reason]));
        expect(reasons['public.refused']).toMatch(
          /a function raised an error \[SQLSTATE 23514\] in PL\/pgSQL function public\.refuse\(\) line 1 at RAISE|refuse\(\) line 1 at RAISE/,
        );
        expect(reasons['public.below_refused']).toBe('refers to public.refused, which has no row for it');
        expect(reasons['public.swallowed']).toMatch(/kept none/);
        expect(reasons['public.impossible']).toMatch(/violates check constraint/);
        expect(JSON.stringify(empty)).not.toMatch(/secret-\d|no secret/);
      });
    });
  });

  it('leave no setting changed, and end a trigger that never ends', async () => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, [
        'create table slow (id integer)',
        `create function wait() returns trigger language plpgsql as $$ begin perform pg_sleep(100); return new; end $$`,
        'create trigger wait before insert on slow for each row execute function wait()',
      ]);
      await withSession(connection, async (session) => {
        const settings = async (): Promise<string> =>
          one(
            session,
            `select string_agg(name || '=' || setting, ',' order by name) from pg_settings where source = 'session'`,
          );
        const before = await settings();
        const { empty } = await fillRows(session, { ...plan, perTable: 1 });
        expect(empty).toEqual([{ table: 'public.slow', reason: expect.stringMatching(/57014/) }]);
        expect(await settings()).toBe(before);
      });
    });
  }, 120_000);
});

describe('synthetic rows', () => {
  it('take 3 seconds for 300 tables at most, in a run of its own', async () => {
    await withDatabase('18', async (connection) => {
      const tables = Array.from(
        { length: 300 },
        (
          _,
          n,
        ) => `create table t${n} (id serial primary key, name varchar(20) not null unique, n integer check (n > 0), at timestamptz default now(),
          up integer${n === 0 ? '' : ` references t${n - 1}`})`,
      );
      await runSql(connection, tables);
      await withSession(connection, async (session) => {
        const start = performance.now();
        const filled = await fillRows(session, plan);
        const seconds = (performance.now() - start) / 1000;
        expect(filled).toEqual({ tables: 300, rows: 3600, empty: [] });
        console.log(`300 tables: ${seconds.toFixed(2)} s`);
        // three times what it takes alone, since tests share processors
        expect(seconds).toBeLessThan(9);
      });
    });
  });
});

describe.each(versions)('rows of a file on PostgreSQL %s', (version) => {
  const schema = ['create table stock (id integer primary key, name text not null, amount integer check (amount > 0))'];
  const withFile = async (text: string, use: (session: Session, file: string) => Promise<void>): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'oneroof-rows-'));
    try {
      const file = join(folder, 'rows.sql');
      writeFileSync(file, text);
      await withDatabase(version, (admin) => asOwner(admin, schema, (session) => use(session, file)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it('are inserted as by a dump, and the session is as before', async () => {
    const dump = `\\restrict aB1\nset client_min_messages = error;\nset work_mem = '1MB';\nselect pg_catalog.set_config('search_path', '', false);\n
      insert into public.stock values (1, 'semi; colon', 5);\ninsert into public.stock values (2, 'x', 6), (3, 'y', null);\n\\unrestrict aB1\n`;
    await withFile(dump, async (session, file) => {
      const settings = (): Promise<string> =>
        one(
          session,
          `select string_agg(name || '=' || setting, ',' order by name) from pg_settings where source = 'session'`,
        );
      const before = await settings();
      expect(await rowsFromFile(session, file)).toBe(3);
      expect(await one(session, 'select count(*) from public.stock')).toBe('3');
      expect(await settings()).toBe(before);
    });
  });

  it('are all refused where one is, with file and line and without its values', async () => {
    await withFile(
      `insert into stock values (1, 'a', 1);\n\ninsert into stock values (1, 'top-secret', 1);`,
      async (session, file) => {
        const error: unknown = await rowsFromFile(session, file).catch((caught: unknown) => caught);
        expect(error).toMatchObject({ code: 'CHECK_ROWS', problems: [{ place: { file, line: 3 } }] });
        expect(JSON.stringify((error as { readonly problems: unknown }).problems)).not.toContain('top-secret');
        expect(await one(session, 'select count(*) from public.stock')).toBe('0');
        await expect(rowsFromFile(session, `${file}.not`)).rejects.toMatchObject({ code: 'CHECK_ROWS' });
      },
    );
  });

  it('cannot read files of the server or run programs', async () => {
    await withFile(`copy stock from program 'id'`, async (session, file) => {
      await expect(rowsFromFile(session, file)).rejects.toMatchObject({
        code: 'CHECK_ROWS',
        message: expect.stringMatching(/42501/),
      });
    });
  });
});
