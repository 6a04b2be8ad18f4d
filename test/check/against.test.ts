import { expect, it } from 'vitest';
import { observerStatements } from '../../src/database/index.ts';
import { newest, runSql, serverConnection, withDatabase } from '../database.io.ts';
import { oneroof } from '../cli/run.io.ts';
import { checked, golangMigrate, withFiles } from './repository.io.ts';

const urlOf = ({ host, user, database }: ReturnType<typeof serverConnection>, as = user): string =>
  `postgres://${as}@/${database}?host=${encodeURIComponent(host)}`;

const files = golangMigrate([
  {
    name: 'tables',
    up: 'create table orders (id int primary key, n int, note text); create table small (id int primary key, n int); create table uncounted (id int, n int); create table absent (id int, n int);',
    down: 'drop table orders, small, uncounted, absent;',
  },
  {
    name: 'rewrite',
    up: 'alter table orders alter n type bigint;',
    down: 'alter table orders alter n type int;',
  },
  { name: 'index', up: 'create index by_n on orders (n);', down: 'drop index by_n;' },
  { name: 'small', up: 'create index s on small (n);', down: 'drop index s;' },
  { name: 'uncounted', up: 'create index u on uncounted (n);', down: 'drop index u;' },
  { name: 'absent', up: 'create index a on absent (n);', down: 'drop index a;' },
  { name: 'update', up: 'update small set n = id;', down: 'select 1;' },
]);

/** 21 MB of rows, and a catalogue that says that they are many more. */
const production = [
  'create table orders (id int primary key, n bigint, note text)',
  "insert into orders select g, g, repeat('x', 300) from generate_series(1, 60000) g",
  'analyze orders',
  "update pg_catalog.pg_class set reltuples = 41200000 where relname = 'orders'",
  'create table small (id int primary key, n int)',
  'insert into small select g, g from generate_series(1, 1000) g',
  'analyze small',
  'create table uncounted (id int, n int)',
  'insert into uncounted values (1, 1)',
];

it.each(newest)(
  'PostgreSQL %s: --against tells rows, size and an assumed time of production, and what is small there only warns',
  { timeout: 300_000 },
  async (version) => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, production);
      await withFiles(files, (folder) => {
        const env = { PRODUCTION_URL: urlOf(connection) };
        const found = checked(folder, ['--all', '--against', 'env:PRODUCTION_URL'], env);
        expect(found.result.against).toEqual({ name: 'env:PRODUCTION_URL', tables: 3 });
        const [rewrite] = found.of('rewrite').hazards;
        expect(rewrite).toMatchObject({
          code: 'rewrites-table',
          level: 'error',
          production: { rows: 41200000, absent: [] },
        });
        const { bytes, seconds } = rewrite?.production ?? { bytes: 0, seconds: null };
        expect(bytes).toBeGreaterThan(20e6);
        expect(seconds).toEqual({ least: bytes / 200e6, most: bytes / 20e6 });
        expect(found.of('rewrite').locks).toEqual([
          {
            relation: 'public.orders',
            mode: 'ACCESS EXCLUSIVE',
            production: { rows: 41200000, bytes, absent: [], seconds: null },
          },
        ]);
        // rows without the index are read: less than the whole
        const [index] = found.of('index').hazards;
        expect([index?.level, (index?.production?.seconds?.most ?? 0) < (seconds?.most ?? 0)]).toEqual(['error', true]);
        // small: a warning; never counted, and small: too; not there: it stays what it is
        const levels = ['small', 'uncounted', 'absent'].map((name) => found.of(name).hazards[0]);
        expect(levels.map((one) => one?.level)).toEqual(['warning', 'warning', 'error']);
        expect(levels.map((one) => one?.production?.rows)).toEqual([1000, null, 0]);
        expect(levels[2]?.production).toEqual({ rows: 0, bytes: 0, absent: ['public.absent'], seconds: null });
        expect([found.status, found.result.outcome]).toEqual([1, 'failed']);

        const words = ['check', folder, '--all', '--no-cache', '--against', 'env:PRODUCTION_URL'];
        const { stdout } = oneroof([...words, '--markdown', `${folder}/a.md`], { env });
        expect(stdout).toContain('sizes: those of env:PRODUCTION_URL, by its catalogue (3 tables)');
        expect(stdout).toMatch(
          /in production: about 41,000,000 rows, 2\d MB; up to 1 s at 20 to 200 MB a second, which is assumed, not measured\n/,
        );
        expect(stdout).toMatch(
          /in production: about 1,000 rows, \d+ kB; .* measured; a warning, because that is small\n/,
        );
        expect(stdout).toContain('in production: rows never counted, 9 kB');
        expect(stdout).toContain('in production: production has no public.absent\n');
        expect(stdout).toMatch(/locks public\.orders ACCESS EXCLUSIVE; in production: about 41,000,000 rows, 2\d MB\n/);

        // without it nothing is said of production, and what is small there fails
        const without = checked(folder, ['--all']);
        expect(without.of('small').hazards[0]).toMatchObject({ level: 'error', production: null });
        expect(without.result.against).toBeNull();
      });
    });
  },
);

it.each(newest)(
  'PostgreSQL %s: a verdict that the cache keeps has nothing of a production',
  { timeout: 300_000 },
  async (version) => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, production);
      await withFiles(files, (folder) =>
        withFiles({}, (cache) => {
          const words = ['--all', '--cache', cache];
          const env = { PRODUCTION_URL: urlOf(connection) };
          const first = checked(folder, [...words, '--against', 'env:PRODUCTION_URL'], env);
          const again = checked(folder, words);
          expect([first.result.cached, again.result.cached]).toEqual([0, 7]);
          expect(first.of('small').hazards[0]?.level).toBe('warning');
          expect(again.of('small').hazards[0]).toMatchObject({ level: 'error', production: null });
        }),
      );
    });
  },
);

it.each(newest)(
  'PostgreSQL %s: a target is read with a role that cannot write, and one that can is refused',
  { timeout: 300_000 },
  async (version) => {
    await withDatabase(version, async (connection) => {
      const role = `look_${connection.database}`;
      await runSql(connection, [...production, `create role ${role} login`, ...observerStatements(role, ['public'])]);
      try {
        const yaml = `targets:\n  production: { url: "${urlOf(connection, role)}" }\n  owner: { url: "${urlOf(connection)}" }\n`;
        await withFiles({ ...files, 'oneroof.yaml': yaml }, (folder) => {
          const words = ['--from', '2', '--folder', folder, '--against'];
          const found = checked(folder, [...words, 'production']);
          expect(found.result.against).toEqual({ name: 'production', tables: 3 });
          expect(found.of('rewrite').hazards[0]?.production?.rows).toBe(41200000);
          const refused = oneroof(['check', folder, ...words, 'owner']);
          expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining('[OBSERVER_CAN_WRITE]')]);
          const secret = oneroof(['check', folder, '--against', 'postgres://a:word@localhost/x']);
          expect([secret.status, secret.stderr]).toEqual([2, expect.stringContaining('[SECRET_ON_COMMAND_LINE]')]);
          expect(secret.stderr).not.toContain('word@');
        });
      } finally {
        await runSql(connection, [`drop owned by ${role}`, `drop role ${role}`]);
      }
    });
  },
);
