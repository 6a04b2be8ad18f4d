import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { explainOrigin, findCloneProblems, openCloneHost } from '../../src/clone/index.ts';
import { maskCopy } from '../../src/clone/mask/mask-copy.io.ts';
import { maskDigest } from '../../src/clone/mask/mask-plan.ts';
import { OneRoofError } from '../../src/core/index.ts';
import { dumpStatements, secret, sql, startTemporaryServer } from '../../src/database/index.ts';
import { type CloneSetup, type MaskCommand, type MaskSetup } from '../../src/setup/index.ts';
import { pinFiles } from '../../src/setup/pinned-files.io.ts';
import { binariesOf } from '../binaries.io.ts';
import { newest, runSql, versions, withDatabase, withSession } from '../database.io.ts';

const planted = 'Zq7PlantedValue';
const client = join(import.meta.dirname, '../../node_modules/pg/lib/index.js');

const schema = [
  'create schema app',
  `create table app.users (id integer primary key, email text unique, name text, low text generated always as (lower(name)) stored)`,
  `insert into app.users (id, email, name) select g, '${planted}' || g, '${planted}' from generate_series(1, 20) g`,
  'create table app.orders (id serial primary key, owner text references app.users (email) on update cascade, n integer)',
  `insert into app.orders (owner, n) select '${planted}' || g, g from generate_series(1, 20) g`,
  'create materialized view app.names as select name from app.users',
];

/** A program that runs SQL on the copy, by the address that its environment gives. */
function programIn(folder: string, statements: readonly string[]): string {
  const file = join(folder, 'mask.mjs');
  writeFileSync(
    file,
    `import pg from ${JSON.stringify(client)};
const client = new pg.Client({ host: process.env.PGHOST, port: Number(process.env.PGPORT), user: process.env.PGUSER, database: process.env.PGDATABASE, options: process.env.PGOPTIONS });
await client.connect();
for (const text of ${JSON.stringify(statements)}) await client.query(text.replaceAll('SALT', process.env.SALT ?? ''));
await client.end();
`,
  );
  return file;
}

const commandOf = (file: string, columns: readonly string[], more: Partial<MaskCommand> = {}): MaskCommand => ({
  run: [process.execPath, file],
  startIn: '/',
  variables: new Map(),
  deadline: 60_000 as MaskCommand['deadline'],
  columns,
  ...more,
});

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof OneRoofError)) throw error;
    return error.problems.map(({ code, problem }) => `${code} ${problem}`).join('\n');
  }
  return 'not refused';
}

const good = [`update app.users set email = 'SALT' || id, name = 'N. N.'`, `refresh materialized view app.names`];
const named = ['app.users.email', 'app.users.name', 'app.orders.owner'];

test.each(versions)(
  'PostgreSQL %s: a program masks what it names and nothing else, or there is no copy',
  { timeout: 120_000 },
  async (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'oneroof-program-'));
    try {
      await withDatabase(version, async (connection) => {
        await runSql(connection, schema);
        const mask = (statements: readonly string[], columns = named, more: Partial<MaskCommand> = {}) =>
          maskCopy({
            connection,
            data: null,
            mask: { columns: [], command: commandOf(programIn(folder, statements), columns, more) },
          });
        const cases: readonly (readonly [Promise<unknown> | (() => Promise<unknown>), string])[] = [
          [() => mask(good, ['app.users.mail']), 'CLONE_MASK_INVALID'],
          [() => mask(['select 1']), 'changed no value of app.users.email, which has 20'],
          [() => mask([...good, 'update app.orders set n = 0']), 'changed what it does not name: table app.orders'],
          [
            () => mask([...good, 'create table app.left_over ()']),
            'changed what it does not name: table app.left_over',
          ],
          [() => mask(good, ['app.users.email', 'app.users.name']), 'changed what it does not name: table app.orders'],
          [() => mask([`select '${planted}'::integer`]), 'failed with exit status 1'],
          [() => mask(['select pg_sleep(60)'], named, { deadline: 1500 as never }), 'did not end in 1.5 s'],
          [
            () =>
              mask([
                'set session_replication_role = replica',
                `update app.users set email = 'SALT' || id, name = 'n'`,
                `update app.orders set owner = 'x'`,
              ]),
            'foreign key orders_owner_fkey',
          ],
        ];
        for (const [work, words] of cases) {
          const said = await refusal(typeof work === 'function' ? work() : work);
          expect(said).toContain(words);
          expect(said).toMatch(/^CLONE_MASK_/);
          expect(said).not.toContain(planted);
          await runSql(connection, ['drop schema app cascade', ...schema]);
        }
        expect(
          await refusal(
            maskCopy({
              connection,
              data: null,
              mask: { columns: [], command: commandOf('', named, { run: ['/nowhere/mask'] }) },
            }),
          ),
        ).toContain('CLONE_MASK_FAILED the program of clone.mask failed with exit status 127');
        const { masks } = await mask(good, named, { variables: new Map([['SALT', secret('salt-')]]) });
        expect(masks?.columns).toEqual(named.map((column) => ({ column, rows: 20, unchanged: 0 })));
        const rows = await withSession(connection, (session) =>
          session.query(
            sql`select email, name, low, (select count(*)::text from app.names where name = 'N. N.') as views from app.users where id = 3`,
          ),
        );
        expect(rows).toEqual([{ email: 'salt-3', name: 'N. N.', low: 'n. n.', views: '20' }]);
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test.each(newest)(
  'PostgreSQL %s: a golden copy that a program masked says so, other words make it stale, and Ctrl-C ends the program',
  { timeout: 120_000 },
  async (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'oneroof-program-'));
    chmodSync(folder, 0o755);
    const server = await startTemporaryServer({ binaries: binariesOf(version) });
    try {
      await runSql(server.connection('postgres'), ['create database shop']);
      await runSql(server.connection('shop'), [...schema, ...dumpStatements('oneroof_dump')]);
      const setup = (command: MaskCommand): Extract<CloneSetup, { provider: 'dump' }> => ({
        provider: 'dump',
        dump: { ...server.connection('shop'), user: 'oneroof_dump' },
        folder: join(folder, 'clones'),
        bin: binariesOf(version).folder,
        jobs: 2,
        maxRate: null,
        maxSnapshotAge: 600_000 as never,
        mask: { columns: [{ column: 'app.users.name', expression: "'N' || id" }], command },
      });
      const file = programIn(folder, [`update app.users set email = 'u' || id where id <= 5`]);
      const masking = setup(commandOf(file, ['app.users.email', 'app.orders.owner']));
      expect(await findCloneProblems(masking, [])).toEqual([]);
      const host = await openCloneHost(masking);
      const golden = await host.makeGolden({});
      expect(golden.proofLevel).toBe('exact');
      expect(golden.masks?.columns.map(({ unchanged }) => unchanged)).toEqual([0, 15, 15]);
      expect(explainOrigin(golden)).toContain('masked: app.users.email: 15 of 20 values are as in production');
      await host.close();
      // named twice: by an expression and by the program
      const [twice] = await findCloneProblems(setup(commandOf(file, ['app.users.name'])), []);
      expect(twice?.text).toContain('masks the same column');
      const other = await openCloneHost(setup(commandOf(file, ['app.users.email'])));
      await expect(other.golden()).rejects.toMatchObject({ code: 'CLONE_MASK_STALE' });
      await other.close();
      const began = join(folder, 'began');
      writeFileSync(
        file,
        `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(began)}, String(process.pid)); setInterval(() => {}, 1000);`,
      );
      const ending = new AbortController();
      const slow = await openCloneHost(setup(commandOf(file, ['app.users.email', 'app.orders.owner'])));
      const taking = refusal(slow.makeGolden({ signal: ending.signal }));
      const pid = await content(began);
      ending.abort();
      expect(await taking).toMatch(/^INTERRUPTED/);
      expect(runs(pid)).toBe(false);
      await slow.close();
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

/** A process that has ended may wait for its parent. */
function runs(pid: string): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

async function content(file: string): Promise<string> {
  for (;;) {
    try {
      const text = readFileSync(file, 'utf8');
      if (text !== '') return text;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await sleep(50);
  }
}

test('the digest of masks tells programs and columns apart', () => {
  const column = { column: 'a.b.c', expression: 'null' };
  const masks: readonly MaskSetup[] = [
    { columns: [column] },
    { columns: [], command: commandOf('x', ['a.b.c']) },
    { columns: [], command: commandOf('x', ['a.b.d']) },
    { columns: [], command: commandOf('y', ['a.b.c']) },
    { columns: [column], command: commandOf('x', ['a.b.d']) },
  ];
  expect(new Set(masks.map(maskDigest)).size).toBe(masks.length);
});

test.each(newest)(
  'PostgreSQL %s: a program that a server of tools keeps to masks nothing once it has changed',
  {
    timeout: 120_000,
  },
  async (version) => {
    const folder = mkdtempSync(join(tmpdir(), 'oneroof-program-'));
    try {
      await withDatabase(version, async (connection) => {
        await runSql(connection, schema);
        const masked = (): Promise<string> =>
          refusal(maskCopy({ connection, data: null, mask: { columns: [], command: commandOf(file, named) } }));
        const file = programIn(folder, good);
        pinFiles([file]);
        programIn(folder, [...good, 'drop table app.orders']);
        expect(await masked()).toContain('TOOL_CONFIG');
        programIn(folder, good);
        expect(await masked()).toBe('not refused');
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
