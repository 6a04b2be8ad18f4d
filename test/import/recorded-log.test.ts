import { beforeAll, describe, expect, it } from 'vitest';
import { loggedStatements } from '../../src/import/recorded-log.ts';
import { recordedRuns } from '../../src/import/recorded-migrations.ts';
import { loadParser, type Parser } from '../../src/release/index.ts';

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser();
});

interface Line {
  readonly pid?: number;
  readonly sql?: string;
  readonly execute?: string;
  readonly detail?: string;
  readonly error?: true;
  readonly as?: string;
}

/** Lines as PostgreSQL 15 to 18 write them with log_destination = jsonlog. */
const logOf = (lines: readonly Line[]): string =>
  lines
    .map(({ pid = 1, sql, execute, detail, error, as = 'knex' }) =>
      JSON.stringify({
        pid,
        application_name: as,
        error_severity: error === true ? 'ERROR' : 'LOG',
        message:
          error === true ? 'it failed' : execute === undefined ? `statement: ${sql}` : `execute <unnamed>: ${execute}`,
        ...(detail === undefined ? {} : { detail }),
      }),
    )
    .join('\n');
const read = (lines: readonly Line[]) => loggedStatements(logOf(lines), parser);
const texts = (lines: readonly Line[]) => read(lines).map(({ sql }) => sql);

describe('the log of a server', () => {
  it('leaves out what failed and what was rolled back', () => {
    expect(
      texts([
        { sql: 'create table a ()' },
        { sql: 'create table broken (' },
        { error: true },
        { sql: 'begin' },
        { sql: 'create table gone ()' },
        { sql: 'rollback' },
        { sql: 'BEGIN;' },
        { sql: 'create table b ()' },
        { sql: 'savepoint s' },
        { sql: 'create table c ()' },
        { sql: 'rollback to savepoint s' },
        { sql: 'create table d ()' },
        { sql: 'select no_such()' },
        { error: true },
        { sql: 'rollback to s' },
        { sql: 'create table e ()' },
        { sql: 'commit' },
      ]),
    ).toEqual(['create table a ()', 'create table b ()', 'create table e ()']);
  });

  it('keeps sessions apart, and says what ran in a transaction', () => {
    expect(
      read([
        { pid: 1, sql: 'begin' },
        { pid: 2, sql: 'create table outside ()' },
        { pid: 1, sql: 'create table inside ()' },
        { pid: 3, sql: 'create table ours ()', as: 'recording by One Roof' },
        { pid: 2, sql: 'select 1' },
        { pid: 1, sql: 'commit' },
        { pid: 1, sql: 'begin' },
        { pid: 1, sql: 'create table never_committed ()' },
      ]),
    ).toEqual([
      { sql: 'create table outside ()', inTransaction: false },
      { sql: 'select 1', inTransaction: false },
      { sql: 'create table inside ()', inTransaction: true },
    ]);
  });

  it('puts parameters where they stand, and nowhere else', () => {
    expect(
      texts([
        {
          execute: `insert into t values ($1, $2, $10, '$1', "$2") -- $1`,
          detail: `Parameters: $1 = 'it''s $2', $2 = NULL, $10 = 'a\\b'`,
        },
        { execute: 'select $1', detail: `parameters: $1 = '1'` },
      ]),
    ).toEqual([`insert into t values ('it''s $2', NULL, E'a\\\\b', '$1', "$2") -- $1`, `select '1'`]);
  });
});

describe('what a tool ran', () => {
  const forward = (...lines: string[]) =>
    recordedRuns(parser, { statements: read(lines.map((sql) => ({ sql }))), direction: 'forward' });
  const back = (...lines: string[]) =>
    recordedRuns(parser, { statements: read(lines.map((sql) => ({ sql }))), direction: 'back' });

  it.each([
    [
      'knex',
      `insert into "knex_migrations" ("batch", "migration_time", "name") values (1, '2026-01-01', 'a,b (1).js')`,
      'a,b (1).js',
    ],
    ['typeorm', `INSERT INTO "migrations"("timestamp", "name") VALUES (17, 'A17')`, 'A17'],
    ['mikro-orm', `insert into "public"."mikro_orm_migrations" ("name") values ('M1')`, 'M1'],
    ['sequelize', `INSERT INTO "SequelizeMeta" ("name") VALUES ('o''x.js') RETURNING "name"`, `o'x.js`],
    [
      'django',
      `INSERT INTO "django_migrations" ("app", "name", "applied") VALUES ('shop', '0001_a', now()) RETURNING id`,
      'shop.0001_a',
    ],
    ['rails', `INSERT INTO "schema_migrations" ("version") VALUES ('20260101') RETURNING "version"`, '20260101'],
    ['alembic', `UPDATE alembic_version SET version_num='bbb' WHERE alembic_version.version_num = 'aaa'`, 'bbb'],
    [
      'alembic',
      `INSERT INTO alembic_version (version_num) VALUES ('aaa') RETURNING alembic_version.version_num`,
      'aaa',
    ],
    ['node-pg-migrate', `INSERT INTO "public"."pgmigrations" (name, run_on) VALUES ('1_a', NOW())`, '1_a'],
  ])('is cut at the row that %s writes', (tool, marker, name) => {
    const recorded = forward('create table t ()', 'select count(*) from t', marker, 'create table left_over ()');
    expect(recorded).toEqual({
      tool,
      runs: [{ name, statements: [{ sql: 'create table t ()', inTransaction: false }] }],
      left: 1,
    });
  });

  it.each([
    [`delete from "knex_migrations" where "name" = 'a.js'`, 'a.js'],
    [`DELETE FROM "migrations" WHERE "timestamp" = 17 AND "name" = 'A17'`, 'A17'],
    [
      `DELETE FROM "django_migrations" WHERE ("django_migrations"."app" = 'shop' AND "django_migrations"."name" = '0001_a')`,
      'shop.0001_a',
    ],
    [`UPDATE alembic_version SET version_num='aaa' WHERE alembic_version.version_num = 'bbb'`, 'bbb'],
    [`DELETE FROM alembic_version WHERE alembic_version.version_num = 'aaa'`, 'aaa'],
  ])('is cut back at %s', (marker, name) => {
    expect(back('drop table t', marker).runs).toEqual([
      { name, statements: [{ sql: 'drop table t', inTransaction: false }] },
    ]);
  });

  it('has nothing of the tables of the tool itself, and no question', () => {
    const { runs } = forward(
      'create table if not exists "knex_migrations" ("id" serial primary key)',
      'create table "knex_migrations_lock" ("index" serial primary key, "is_locked" integer)',
      'update "knex_migrations_lock" set "is_locked" = 1',
      'select * from information_schema.tables',
      'show server_version',
      'select pg_advisory_lock(1)',
      `select create_hypertable('t', 'at')`,
      `select app.format_all()`,
      'with gone as (delete from t returning 1) select count(*) from gone',
      `insert into knex_migrations (name) values ('a')`,
    );
    expect(runs[0]?.statements.map(({ sql }) => sql)).toEqual([
      `select create_hypertable('t', 'at')`,
      `select app.format_all()`,
      'with gone as (delete from t returning 1) select count(*) from gone',
    ]);
  });
});
