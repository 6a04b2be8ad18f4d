import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findCloneProblems, openCloneHost } from '../../src/clone/index.ts';
import { maskCopy } from '../../src/clone/mask/mask-copy.io.ts';
import { OneRoofError } from '../../src/core/index.ts';
import { dumpStatements, startTemporaryServer } from '../../src/database/index.ts';
import { type CloneSetup } from '../../src/setup/index.ts';
import { binariesOf } from '../binaries.io.ts';
import { newest, runSql, versions, withDatabase } from '../database.io.ts';

const secret = 'Zq7PlantedValue';

const schema = [
  'create schema app',
  `create table app.users (id integer primary key, email text unique, late text unique deferrable initially deferred, name text not null check (name <> 'bad'), twice integer generated always as (id * 2) stored, n integer)`,
  `insert into app.users (id, email, late, name, n) select g, '${secret}' || g, 'l' || g, 'n', g from generate_series(1, 10) g`,
  'create table app.orders (id integer primary key, owner text references app.users (email) on update cascade, full_a text, full_b text)',
  `insert into app.orders select g, '${secret}' || g from generate_series(1, 10) g`,
  'create view app.seen as select * from app.users',
  'create table app.parent (word text)',
  'create table app.child () inherits (app.parent)',
  'create table app.away (word text)',
  'create foreign data wrapper none',
  'create server none foreign data wrapper none',
  'create foreign table app.far () inherits (app.away) server none',
];

type Columns = Readonly<Record<string, string>>;
const maskOf = (columns: Columns) => ({
  columns: Object.entries(columns).map(([column, expression]) => ({ column, expression })),
});

/** The codes and words of what is refused. */
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof OneRoofError)) throw error;
    expect(error.problems.every(({ fix }) => fix.length > 10)).toBe(true);
    return error.problems.map(({ code, problem }) => `${code} ${problem}`).join('\n');
  }
  return 'not refused';
}

test.each(versions)(
  'PostgreSQL %s: a mask that cannot be applied is refused by name, and no value of a row is shown',
  async (version) => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, schema);
      const refused = (columns: Columns) => refusal(maskCopy({ connection, mask: maskOf(columns), data: null }));
      const invalid: readonly (readonly [Columns, string])[] = [
        [{ 'users.email': "'a'" }, 'users.email: is not the name of a column'],
        [{ 'app.users.*': "'a'" }, 'app.users.*: is not the name of a column'],
        [{ 'app.users.email': "'a', name = 'b'" }, "'a', name = 'b' is not one SQL expression"],
        [{ 'app.users.email': "'a' where id = 1" }, 'is not one SQL expression'],
        [{ 'app.users.email': "'a'; drop table app.users" }, 'is not one SQL expression'],
        [{ 'app.users.email': "'a') --" }, 'is not one SQL expression'],
        [{ 'app.users.email': 'all email' }, 'is not one SQL expression'],
        [{ 'app.users.email': '*' }, 'is not one SQL expression'],
        [{ 'app.nobody.email': 'null' }, 'there is no table app.nobody'],
        [{ 'app."Users".email': 'null' }, 'there is no table app.Users'],
        [{ 'app.users.mail': 'null' }, 'table users has no column mail'],
        [{ 'app.users.twice': '1' }, 'the column is generated'],
        [{ 'app.seen.email': 'null' }, 'app.seen is not a table'],
        [{ 'pg_catalog.pg_class.relname': "'a'" }, 'schema pg_catalog is not of the application'],
        [{ 'app.away.word': 'null' }, 'app.far, a part of app.away, is a foreign table'],
        [{ 'app.parent.word': "'a'", 'app.child.word': "'b'" }, 'app.parent.word masks the same column'],
        [{ 'app.users.email': "'a'", 'app.USERS.email': "'b'" }, 'app.users.email masks the same column'],
        [{ 'app.users.email': 'nobody' }, 'PostgreSQL refuses nobody: column "nobody" does not exist'],
        [{ 'app.users.email': 'count(*)' }, 'aggregate functions are not allowed in UPDATE'],
        [{ 'app.users.n': "'a' || id" }, 'column "n" is of type integer'],
        [{ 'app.users.email': 'email' }, 'the expression changes no value of 10 rows'],
      ];
      for (const [columns, words] of invalid) {
        const said = await refused(columns);
        expect(said).toContain(words);
        expect(said).toMatch(/^CLONE_MASK_INVALID/);
      }
      const failed: readonly (readonly [Columns, string])[] = [
        [{ 'app.users.email': "'same'" }, 'constraint users_email_key would be broken (SQLSTATE 23505)'],
        [{ 'app.users.late': "'same'" }, 'users_late_key'],
        [{ 'app.users.name': "'bad'" }, 'constraint users_name_check would be broken (SQLSTATE 23514)'],
        [{ 'app.users.name': 'null' }, 'constraint not null of column name would be broken (SQLSTATE 23502)'],
        [{ 'app.users.n': 'email::integer' }, 'app.users cannot be masked: SQLSTATE 22P02'],
        [
          { 'app.users.email': "'u' || id" },
          'foreign key orders_owner_fkey of app.orders to app.users does not hold after masking',
        ],
        [
          { 'app.orders.owner': "'u' || id" },
          'foreign key orders_owner_fkey of app.orders to app.users does not hold after masking',
        ],
      ];
      for (const [columns, words] of failed) {
        const said = await refused(columns);
        expect(said).toContain(words);
        expect(said).toMatch(/^CLONE_MASK_FAILED/);
        expect(said).not.toContain(secret);
      }
      // both sides by the same expression
      const { masks } = await maskCopy({
        connection,
        mask: maskOf({ 'app.users.email': "'u' || id", 'app.orders.owner': "'u' || id" }),
        data: null,
      });
      expect(masks?.columns.map(({ rows }) => rows)).toEqual([10, 10]);
    });
  },
);

test.each(newest)(
  'PostgreSQL %s: a golden copy whose masks fail is none, and the one before it is not served',
  { timeout: 300_000 },
  async (version) => {
    const server = await startTemporaryServer({ binaries: binariesOf(version) });
    const folder = mkdtempSync(join(tmpdir(), 'oneroof-masks-'));
    chmodSync(folder, 0o755);
    try {
      await runSql(server.connection('postgres'), ['create database shop']);
      await runSql(server.connection('shop'), [...schema.slice(0, 5), ...dumpStatements('oneroof_dump')]);
      const base = { folder, bin: binariesOf(version).folder };
      const dump = { ...server.connection('shop'), user: 'oneroof_dump' };
      const setup: CloneSetup = {
        provider: 'dump',
        ...base,
        dump,
        jobs: 2,
        maxRate: null,
        maxSnapshotAge: 600_000 as never,
      };
      const plain = await openCloneHost(setup);
      await plain.makeGolden({});
      await plain.close();
      for (const [columns, code] of [
        [{ 'app.users.nobody': 'null' }, 'CLONE_MASK_INVALID'],
        [{ 'app.users.email': "'u' || id" }, 'CLONE_MASK_FAILED'],
      ] as const) {
        const masking = { ...setup, mask: maskOf(columns) };
        const problems = await findCloneProblems(masking, []);
        expect(problems.map(({ text }) => text)).toEqual(
          code === 'CLONE_MASK_INVALID' ? [expect.stringContaining('nobody')] : [],
        );
        const host = await openCloneHost(masking);
        await expect(host.makeGolden({})).rejects.toMatchObject({ code });
        await expect(host.makeClone({ purpose: 'p', owner: 'o', hours: 1 })).rejects.toMatchObject({
          code: 'CLONE_MASK_STALE',
        });
        await host.close();
        expect(readdirSync(folder)).toEqual(['generation-1']);
      }
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
