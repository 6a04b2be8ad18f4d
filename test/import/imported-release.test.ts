import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { OneRoofError, type Problem } from '../../src/core/index.ts';
import { draftImport, type ImportDraft } from '../../src/import/draft-release.ts';
import { historyFormOf } from '../../src/import/tool-histories.ts';
import { type HistoryRow } from '../../src/import/history-state.ts';
import { loadParser, migrationFactsOf, readFiles, releaseOfSeal, sealDocument } from '../../src/release/index.ts';
import { assemble } from '../../src/release/assemble.ts';
import { findProjects, type FoundProject, readProject } from '../../src/import/index.ts';
import { withFolder } from '../release/folder.io.ts';
import { projectOf, repositoryOf } from './files.ts';

type Files = Readonly<Record<string, string>>;

/** What a database says: the table of the history, and its rows as they are read. */
interface Said {
  readonly table: string;
  readonly schema?: string;
  readonly rows: readonly HistoryRow[];
}

const parser = await loadParser();

/** Imports into a folder that has these files, or none. */
async function imported(files: Files, said: Said, existing: Files | null = null): Promise<ImportDraft> {
  const project = await projectOf(files);
  const form = historyFormOf(project);
  if (form === null) throw new Error(`${project.tool} keeps no history`);
  const history = { database: 'app', schema: said.schema ?? 'public', table: said.table, owner: 'app_owner' };
  const state = form.judge(project.migrations, said.rows);
  const pending = { ...state, table: said.table, history, rows: said.rows };
  return draftImport(
    { project, pending, files: repositoryOf(files), parser },
    { name: 'imported', existing: existing === null ? null : new Map(Object.entries(existing)) },
  );
}

/** The folder after an import. */
const folderOf = ({ files }: ImportDraft, before: Files = {}): Files => ({ ...before, ...Object.fromEntries(files) });

const problemsOf = (folder: Files): readonly Problem[] =>
  assemble({ folder: '', files: new Map(Object.entries(folder)), parser }).problems;

const codesOf = (folder: Files): readonly string[] => problemsOf(folder).map(({ code }) => code);

async function refusal(work: Promise<unknown>): Promise<readonly Problem[]> {
  try {
    await work;
  } catch (error) {
    if (error instanceof OneRoofError) return error.problems;
    throw error;
  }
  return [];
}

/** The statements of a file of a tier, without comments of ours. */
const statements = (folder: Files, file: string): readonly string[] =>
  parser.parse(file, folder[file] ?? '').statements.map(({ step }) => step.sql);

const dbmate = (n: number, up = `create table t${n} (i int)`, down = `drop table t${n}`): Files => ({
  [`db/migrations/2024010100000${n}_t${n}.sql`]: `-- migrate:up\n${up};\n\n-- migrate:down\n${down};\n`,
});
const one = { ...dbmate(1), ...dbmate(2) };
const first: Said = { table: 'schema_migrations', rows: [{ id: '20240101000001' }] };

interface Case {
  readonly tool: string;
  readonly files: Files;
  readonly said: Said;
  readonly up: readonly string[];
  readonly down: readonly string[] | null;
}

/** Sources: the same as those of src/release/tool-rows.ts. Digests and keys were computed by other programs. */
const cases: readonly Case[] = [
  {
    tool: 'golang-migrate',
    files: {
      'go.mod': 'module a\nrequire github.com/golang-migrate/migrate/v4 v4.18.1\n',
      'm/000004_a.up.sql': 'create table a ();',
      'm/000005_b.up.sql': 'BEGIN;\ncreate table b ();\nCOMMIT;\n',
      'm/000005_b.down.sql': 'drop table b;',
    },
    said: { table: 'schema_migrations', rows: [{ id: '4', dirty: 'false' }] },
    up: [
      'SELECT pg_catalog.pg_advisory_xact_lock(1726534663), pg_catalog.pg_advisory_xact_lock(1787120056)',
      'create table b ()',
      'UPDATE "public"."schema_migrations" SET version = 5 WHERE version = 4 AND NOT dirty',
    ],
    down: [
      'SELECT pg_catalog.pg_advisory_xact_lock(1726534663), pg_catalog.pg_advisory_xact_lock(1787120056)',
      'drop table b',
      'UPDATE "public"."schema_migrations" SET version = 4 WHERE version = 5 AND NOT dirty',
    ],
  },
  {
    tool: 'goose',
    files: {
      'm/00007_f.sql':
        '-- +goose Up\n-- +goose StatementBegin\ncreate function f() returns int language sql as $$ select 1; $$\n-- +goose StatementEnd\ncreate table g ();\n-- +goose Down\ndrop table g;\ndrop function f();\n',
    },
    said: { table: 'goose_db_version', rows: [{ id: '0', applied: 'true', at: '1' }] },
    up: [
      'LOCK TABLE "public"."goose_db_version" IN EXCLUSIVE MODE',
      'create function f() returns int language sql as $$ select 1; $$',
      'create table g ()',
      'INSERT INTO "public"."goose_db_version" (version_id, is_applied) VALUES (7, true)',
    ],
    down: [
      'LOCK TABLE "public"."goose_db_version" IN EXCLUSIVE MODE',
      'drop table g',
      'drop function f()',
      'DELETE FROM "public"."goose_db_version" WHERE version_id = 7',
    ],
  },
  {
    tool: 'dbmate',
    files: one,
    said: first,
    up: [
      'LOCK TABLE "public"."schema_migrations" IN EXCLUSIVE MODE',
      'create table t2 (i int)',
      `INSERT INTO "public"."schema_migrations" (version) VALUES ('20240101000002')`,
    ],
    down: [
      'LOCK TABLE "public"."schema_migrations" IN EXCLUSIVE MODE',
      'drop table t2',
      `DELETE FROM "public"."schema_migrations" WHERE version = '20240101000002'`,
    ],
  },
  {
    tool: 'flyway',
    files: { 'flyway.conf': 'flyway.url=x\n', "db/migration/V1_02__add_it's.sql": 'create table a ();\n-- end' },
    said: {
      table: 'flyway_schema_history',
      rows: [{ version: '1.01', description: 'x', success: 'true', checksum: '1', rank: '6' }],
    },
    up: [
      'SELECT pg_catalog.pg_advisory_xact_lock(77433833903597)',
      'create table a ()',
      `INSERT INTO "public"."flyway_schema_history" (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success) VALUES (7, '1.02', 'add it''s', 'SQL', 'V1_02__add_it''s.sql', 95249025, CURRENT_USER, 0, true)`,
    ],
    down: null,
  },
  {
    tool: 'graphile-migrate',
    files: {
      'migrations/committed/000001.sql':
        '--! Previous: -\n--! Hash: sha1:39956cbf4f8e67b4dc288f2fdbc3bdebd35fe0f3\n\ncreate table a ();\n',
      'migrations/committed/000002-b.sql':
        '--! Previous: sha1:39956cbf4f8e67b4dc288f2fdbc3bdebd35fe0f3\n--! Hash: sha1:bcc259a72a4d00441a21c4b3b16321e009ebd58f\n--! Message: b\n\ncreate table b ();\n',
    },
    said: { table: 'migrations', schema: 'graphile_migrate', rows: [{ file: '000001.sql' }] },
    up: [
      'SELECT pg_catalog.pg_advisory_xact_lock(4727445306447283)',
      'create table b ()',
      `INSERT INTO "graphile_migrate"."migrations" (hash, previous_hash, filename) VALUES ('sha1:bcc259a72a4d00441a21c4b3b16321e009ebd58f', 'sha1:39956cbf4f8e67b4dc288f2fdbc3bdebd35fe0f3', '000002.sql')`,
    ],
    down: null,
  },
  {
    tool: 'a repeatable file of flyway',
    files: {
      'flyway.conf': 'flyway.url=x\n',
      'db/migration/V1__a.sql': 'select 1;',
      'db/migration/R__the_view.sql': 'create view v as select 1;',
    },
    said: {
      table: 'flyway_schema_history',
      rows: [{ version: '1', description: 'a', success: 'true', checksum: '1', rank: '1' }],
    },
    up: [
      'SELECT pg_catalog.pg_advisory_xact_lock(77433833903597)',
      'create view v as select 1',
      `INSERT INTO "public"."flyway_schema_history" (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success) VALUES (2, NULL, 'the view', 'SQL', 'R__the_view.sql', -412160773, CURRENT_USER, 0, true)`,
    ],
    down: null,
  },
  {
    tool: 'prisma',
    files: {
      'prisma/migrations/migration_lock.toml': 'provider = "postgresql"\n',
      'prisma/migrations/20240102030405_a/migration.sql': 'create table a ();\n',
      'prisma/migrations/20240102030405_a/down.sql': 'drop table a;\n',
    },
    said: { table: '_prisma_migrations', rows: [] },
    up: [
      'SELECT pg_catalog.pg_advisory_xact_lock(72707369)',
      'create table a ()',
      `INSERT INTO "public"."_prisma_migrations" (id, checksum, started_at, finished_at, migration_name, applied_steps_count) VALUES (pg_catalog.gen_random_uuid()::text, '0da5e58d9b90392b520cf69917d7c9db95c2141c2f1761342fdfadc499455ee4', pg_catalog.now(), pg_catalog.now(), '20240102030405_a', 1)`,
    ],
    down: [
      'SELECT pg_catalog.pg_advisory_xact_lock(72707369)',
      'drop table a',
      `DELETE FROM "public"."_prisma_migrations" WHERE migration_name = '20240102030405_a' AND rolled_back_at IS NULL`,
    ],
  },
  {
    tool: 'drizzle',
    files: {
      'd/meta/_journal.json': '{"dialect":"postgresql","entries":[{"tag":"0000_a","when":1712345678901}]}',
      'd/0000_a.sql': 'create table a ();\n--> statement-breakpoint\ncreate table b ();',
    },
    said: { table: '__drizzle_migrations', schema: 'drizzle', rows: [] },
    up: [
      'LOCK TABLE "drizzle"."__drizzle_migrations" IN EXCLUSIVE MODE',
      'create table a ()',
      'create table b ()',
      `INSERT INTO "drizzle"."__drizzle_migrations" (hash, created_at) VALUES ('6f81029c2b1b55fd42e4f29556290cdd33ab2e73004e2b99df3c47a49932c021', 1712345678901)`,
    ],
    down: null,
  },
  {
    tool: 'sqlx',
    files: {
      'Cargo.toml': '[dependencies]\nsqlx = "0.8"\n',
      'migrations/20240102_add_a.up.sql': 'create table a ();\n',
      'migrations/20240102_add_a.down.sql': 'drop table a;\n',
    },
    said: { table: '_sqlx_migrations', rows: [] },
    up: [
      'SELECT pg_catalog.pg_advisory_xact_lock(3469795979745788610)',
      'create table a ()',
      `INSERT INTO "public"."_sqlx_migrations" (version, description, success, checksum, execution_time) VALUES (20240102, 'add a', true, pg_catalog.decode('d5b0372cc693ab518e2e30831a3707608a0d2873f946a1ee743aa82e077ed14f071bc118e95d60a640c019f2db909d21', 'hex'), 0)`,
    ],
    down: [
      'SELECT pg_catalog.pg_advisory_xact_lock(3469795979745788610)',
      'drop table a',
      'DELETE FROM "public"."_sqlx_migrations" WHERE version = 20240102',
    ],
  },
  {
    tool: 'diesel',
    files: {
      'Cargo.toml': '[dependencies]\ndiesel = "2"\n',
      'migrations/2024-01-02-030405_a/up.sql': 'create table a ();\n',
      'migrations/2024-01-02-030405_a/down.sql': 'drop table a;\n',
    },
    said: { table: '__diesel_schema_migrations', rows: [] },
    up: [
      'LOCK TABLE "public"."__diesel_schema_migrations" IN EXCLUSIVE MODE',
      'create table a ()',
      `INSERT INTO "public"."__diesel_schema_migrations" (version) VALUES ('20240102030405')`,
    ],
    down: [
      'LOCK TABLE "public"."__diesel_schema_migrations" IN EXCLUSIVE MODE',
      'drop table a',
      `DELETE FROM "public"."__diesel_schema_migrations" WHERE version = '20240102030405'`,
    ],
  },
];

describe('a migration that becomes a tier', () => {
  it.each(cases.map((of) => [of.tool, of] as const))(
    'of %s has the lock, its own statements, and the row that the tool writes',
    async (_, { files, said, up, down }) => {
      const draft = await imported(files, said);
      const folder = folderOf(draft);
      const [tier] = draft.added;
      expect(statements(folder, `tiers/${tier}/up.sql`)).toEqual(up);
      expect(
        folder[`tiers/${tier}/down.sql`] === undefined ? null : statements(folder, `tiers/${tier}/down.sql`),
      ).toEqual(down);
      expect(problemsOf(folder)).toEqual([]);
      expect(draft.withoutDown).toEqual(down === null ? [tier] : []);
    },
  );
});

/** A release of one migration of a tool with a checksum, and its first tier. */
const ofSqlx: Files = {
  'Cargo.toml': '[dependencies]\nsqlx = "0.8"\n',
  'migrations/1_a.up.sql': 'create table a ();\ncreate table b ();\n',
  'migrations/1_a.down.sql': 'drop table b;\ndrop table a;\n',
};
const sqlxFolder = async (): Promise<Files> =>
  folderOf(await imported(ofSqlx, { table: '_sqlx_migrations', rows: [] }));

describe('the seal of an imported release', () => {
  const up = 'tiers/1-1-a/up.sql';
  const down = 'tiers/1-1-a/down.sql';
  const changes: readonly (readonly [what: string, file: string, from: string, to: string, code: string])[] = [
    ['a statement is changed', up, 'create table b ()', 'create table b (i int)', 'IMPORT_STATEMENTS'],
    ['a statement is left out', up, 'create table b ();', '', 'IMPORT_STATEMENTS'],
    ['a statement is added', up, 'create table b ();', 'create table b (); create table c ();', 'IMPORT_STATEMENTS'],
    ['a statement of the down is changed', down, 'drop table b', 'drop table if exists b', 'IMPORT_STATEMENTS'],
    ['the checksum is another one', up, "decode('", "decode('00", 'IMPORT_HISTORY'],
    ['the version is another one', up, 'VALUES (1,', 'VALUES (2,', 'IMPORT_HISTORY'],
    ['the row is not written', up, 'INSERT INTO', '-- INSERT INTO', 'IMPORT_HISTORY'],
    ['the row is not removed', down, 'DELETE FROM', '-- DELETE FROM', 'IMPORT_HISTORY'],
    ['the lock is not taken', up, 'SELECT pg_catalog', 'SELECT 1 -- pg_catalog', 'IMPORT_HISTORY'],
    ['a file is changed', 'migrations/1_a.up.sql', 'create table a', '-- \ncreate table a', 'IMPORT_FILE_CHANGED'],
    ['the file of a down is changed', 'migrations/1_a.down.sql', 'drop', 'DROP', 'IMPORT_FILE_CHANGED'],
    ['a file has another name', 'release.yaml', 'migrations/1_a.up.sql', 'migrations/1_b.up.sql', 'FILE_MISSING'],
    [
      'the file is none of the tool',
      'release.yaml',
      'file: migrations/1_a.up.sql',
      'file: migrations/a.sql',
      'FILE_MISSING',
    ],
    ['the tier is unknown', 'release.yaml', '- tier: 1-1-a', '- tier: 2-b', 'NAME_UNKNOWN'],
    ['the table is another one', 'release.yaml', 'table: _sqlx_migrations', 'table: other', 'IMPORT_HISTORY'],
    ['the tool is another one', 'release.yaml', 'tool: sqlx', 'tool: diesel', 'IMPORT_HISTORY'],
    ['the database is another one', 'release.yaml', 'database: "app"', 'database: shop', 'IMPORT_HISTORY'],
    ['what is known is no number', 'release.yaml', 'known: {}', 'known: { rank: "1) -- " }', 'YAML_INVALID'],
    [
      'a file is outside',
      'release.yaml',
      'file: migrations/1_a.up.sql',
      'file: migrations/../1_a.up.sql',
      'YAML_INVALID',
    ],
  ];

  it('is refused where a tier that people wrote changes the history', async () => {
    const folder = await sqlxFolder();
    const more = {
      ...folder,
      'release.yaml': (folder['release.yaml'] ?? '').replace(
        /^tiers:\n(?: .*\n)*/m,
        (all) => `${all}  - { id: 2-own, title: Own }\n`,
      ),
    };
    const own = (up: string): readonly string[] =>
      codesOf({ ...more, 'tiers/2-own/up.sql': up, 'tiers/2-own/down.sql': 'select 1;' });
    expect(own('create table c ();')).toEqual([]);
    for (const up of [
      'insert into _sqlx_migrations values (2);',
      'with a as (delete from public._sqlx_migrations returning 1) select 1;',
      'truncate _sqlx_migrations;',
      'do $$ begin insert into _sqlx_migrations values (2); end $$;',
      'update _sqlx_migrations set success = true;',
    ])
      expect([up, own(up)]).toEqual([up, ['IMPORT_HISTORY']]);
    expect(own('insert into other._sqlx_migrations values (2);')).toEqual([]);
  });

  it('is given to what the import wrote', async () => {
    expect(problemsOf(await sqlxFolder())).toEqual([]);
  });

  it.each(changes)('is refused where %s', async (_, file, from, to, code) => {
    const folder = await sqlxFolder();
    expect(folder[file]).toContain(from);
    const changed = { ...folder, [file]: folder[file]?.replace(from, to) ?? '' };
    expect(codesOf(changed)).toContain(code);
  });

  it('holds the digest of the file, so that a comment of it is sealed too', async () => {
    const folder = await sqlxFolder();
    const { release } = assemble({ folder: '', files: new Map(Object.entries(folder)), parser });
    expect(release?.imported).toMatchObject({
      tool: 'sqlx',
      history: { schema: 'public', table: '_sqlx_migrations' },
      migrations: [{ tier: '1-1-a', file: 'migrations/1_a.up.sql', down: { file: 'migrations/1_a.down.sql' } }],
    });
    expect(release?.imported?.migrations[0]?.digest).toBe(
      `sha256:${createHash('sha256')
        .update(ofSqlx['migrations/1_a.up.sql'] ?? '')
        .digest('hex')}`,
    );
  });

  it('has the row that each tier writes, in the sealed document too, as every reading makes it again', async () => {
    for (const { tool, files, said, up } of cases) {
      const folder = folderOf(await imported(files, said));
      const { release } = assemble({ folder: '', files: new Map(Object.entries(folder)), parser });
      const [of] = release?.imported?.migrations ?? [];
      if (release === null || of === undefined) throw new Error(tool);
      const facts = migrationFactsOf(release, of.tier);
      // what is shown is what the last statement writes
      const [, columns = '', values = ''] = /^INSERT INTO \S+ \((.*?)\) VALUES \((.*)\)$/.exec(up.at(-1) ?? '') ?? [];
      const row = facts?.row ?? {};
      if (columns === '') expect([tool, row]).toEqual(['golang-migrate', { version: '5', dirty: 'false' }]);
      else expect([Object.keys(row).join(', '), Object.values(row).join(', ')]).toEqual([columns, values]);
      expect(facts?.files.map(({ file, digest }) => [file, digest])).toEqual(
        facts?.files.map(({ file }) => [file, `sha256:${sha256(folder[file] ?? '')}`]),
      );
      const sealed = releaseOfSeal(sealDocument(release));
      expect(sealed === null ? null : migrationFactsOf(sealed.release, of.tier)).toEqual(facts);
    }
  });

  it('takes no row from release.yaml', async () => {
    const folder = await sqlxFolder();
    expect(codesOf(yamlWith(/^( +)known: \{\}/m, '$1known: {}\n$1row: { version: "2" }')(folder))).toEqual([
      'YAML_INVALID',
    ]);
  });

  it('is refused where a checksum fits a file that was changed with its digest, and the statements do not', async () => {
    const folder = await sqlxFolder();
    const text = 'create table a ();\n';
    const digest = (name: string): string => createHash(name).update(text).digest('hex');
    const old = (name: string): string =>
      createHash(name)
        .update(folder['migrations/1_a.up.sql'] ?? '')
        .digest('hex');
    const changed = {
      ...folder,
      'migrations/1_a.up.sql': text,
      'release.yaml': folder['release.yaml']?.replace(old('sha256'), digest('sha256')) ?? '',
      [up]: folder[up]?.replace(old('sha384'), digest('sha384')) ?? '',
    };
    expect(codesOf(changed)).toEqual(['IMPORT_STATEMENTS']);
  });

  it('takes a down that people wrote, if it takes the lock and removes the row', async () => {
    const project = {
      'd/meta/_journal.json': '{"dialect":"postgresql","entries":[{"tag":"0000_a","when":5}]}',
      'd/0000_a.sql': 'create table a ();',
    };
    const folder = folderOf(await imported(project, { table: '__drizzle_migrations', schema: 'drizzle', rows: [] }));
    const [lock = '', , add = ''] = statements(folder, 'tiers/1-0000-a/up.sql');
    const hash = /'([0-9a-f]{64})'/.exec(add)?.[1] ?? '';
    const yaml = folder['release.yaml']?.replace(/^ *oneWay: .*\n/m, '') ?? '';
    const remove = `DELETE FROM "drizzle"."__drizzle_migrations" WHERE hash = '${hash}' AND created_at = 5`;
    const own = (sql: string): Files => ({ ...folder, 'release.yaml': yaml, 'tiers/1-0000-a/down.sql': sql });
    expect(codesOf(own(`${lock};\ndrop table a;\n${remove};\n`))).toEqual([]);
    expect(codesOf(own(`${lock};\ndrop table a;\n`))).toEqual(['IMPORT_HISTORY']);
    const more = 'insert into drizzle.__drizzle_migrations (hash) values (1)';
    expect(codesOf(own(`${lock};\ndrop table a;\n${more};\n${remove};\n`))).toEqual(['IMPORT_HISTORY']);
    expect(problemsOf(own(`drop table a;\n${remove};\n`))).toMatchObject([
      { code: 'IMPORT_HISTORY', fix: `write: ${lock};` },
    ]);
  });
});

const yamlWith =
  (from: RegExp | string, to: string) =>
  (folder: Files): Files => {
    const yaml = folder['release.yaml'] ?? '';
    const changed = yaml.replace(from, to);
    if (changed === yaml) throw new Error(`release.yaml has no ${String(from)}`);
    return { ...folder, 'release.yaml': changed };
  };
const journal = 'migrations/meta/_journal.json';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const golang = (...names: readonly string[]): Files => ({
  'go.mod': 'module a\nrequire github.com/golang-migrate/migrate/v4 v4.18.1\n',
  ...Object.fromEntries(names.map((name) => [`m/${name}`, `-- ${name}\nselect 1;\n`])),
});
const caseOf = (tool: string): Case => {
  const found = cases.find((one) => one.tool === tool);
  if (found === undefined) throw new Error(tool);
  return found;
};

/** Copies a file of a release under another name, and names it in release.yaml. */
const renamed =
  (from: string, to: string) =>
  (folder: Files): Files => ({
    ...Object.fromEntries(
      Object.entries(folder).map(([path, text]) => [path === `migrations/${from}` ? `migrations/${to}` : path, text]),
    ),
    'release.yaml': (folder['release.yaml'] ?? '').replace(`migrations/${from}`, `migrations/${to}`),
  });

/** Adds a down file to the first migration, with a tier that runs it. */
const withDown =
  (name: string, lock: string, remove: string) =>
  (folder: Files): Files => {
    const tier = /- id: (.*)/.exec(folder['release.yaml'] ?? '')?.[1] ?? '';
    const text = 'select 2;\n';
    return {
      ...yamlWith(
        /^( +)known:/m,
        `$1down:\n$1  file: migrations/${name}\n$1  digest: sha256:${sha256(text)}\n$1known:`,
      )(yamlWith(/^ *oneWay: .*\n/m, '')(folder)),
      [`migrations/${name}`]: text,
      [`tiers/${tier}/down.sql`]: `${lock};\nselect 2;\n${remove};\n`,
    };
  };

/** Gives a migration another text, with its digest. */
const withText =
  (file: string, textOf: (text: string) => string) =>
  (folder: Files): Files => {
    const [path, text] = [`migrations/${file}`, folder[`migrations/${file}`] ?? ''];
    return { ...yamlWith(sha256(text), sha256(textOf(text)))(folder), [path]: textOf(text) };
  };

/** A tier of people after the imported one. */
const withOwn =
  (up: string) =>
  (folder: Files): Files => ({
    ...yamlWith(/^tiers:\n(?: .*\n)*/m, `$&  - { id: 2-own, title: Own }\n`)(folder),
    'tiers/2-own/up.sql': up,
    'tiers/2-own/down.sql': 'select 1;',
  });

const dieselCase = { files: caseOf('diesel').files, said: caseOf('diesel').said };
const sqlxCase = { files: ofSqlx, said: { table: '_sqlx_migrations', rows: [] } };
const dbmateCase = { files: one, said: first };
const gooseCase = { files: caseOf('goose').files, said: caseOf('goose').said };
const golangCase = { files: caseOf('golang-migrate').files, said: caseOf('golang-migrate').said };
const twoOfGolang = {
  files: golang('1_a.up.sql', '1_a.down.sql', '2_b.up.sql', '2_b.down.sql', '3_c.up.sql', '3_c.down.sql'),
  said: { table: 'schema_migrations', rows: [{ id: '1', dirty: 'false' }] },
};

describe('what people may do beside imported tiers', () => {
  it.each([
    ['create table own ()', '[public]'],
    ['create table public.own (); alter table public.own rename to owned', '[app, public]'],
    ['insert into app.a values (1); update a set i = 1; alter table a add column j int', '[app, public]'],
    ['alter table a rename column i to j', '[app, public]'],
  ])('is to make what hides nothing: %s, with %s', async (own, path) => {
    const folder = withOwn(`${own};`)(yamlWith(/searchPath: .*/, `searchPath: ${path}`)(await sqlxFolder()));
    expect(codesOf(folder)).toEqual([]);
  });
});

describe('what nobody may say of an imported release', () => {
  const holes: readonly (readonly [
    what: string,
    of: { readonly files: Files; readonly said: Said },
    change: (folder: Files) => Files,
    code: string,
  ])[] = [
    [
      'the search path has temporary tables first',
      sqlxCase,
      yamlWith(/searchPath: .*/, 'searchPath: [pg_temp, public]'),
      'YAML_INVALID',
    ],
    [
      'the search path has temporary tables',
      sqlxCase,
      yamlWith(/searchPath: .*/, 'searchPath: [public, pg_temp_3]'),
      'YAML_INVALID',
    ],
    [
      'the search path has pg_toast',
      sqlxCase,
      yamlWith(/searchPath: .*/, 'searchPath: [pg_toast_temp_1]'),
      'YAML_INVALID',
    ],
    [
      'pg_catalog is not first in the search path',
      sqlxCase,
      yamlWith(/searchPath: .*/, 'searchPath: [public, pg_catalog]'),
      'YAML_INVALID',
    ],
    [
      'a tier of people makes a schema of the search path',
      sqlxCase,
      (folder) => withOwn('create schema app;')(yamlWith(/searchPath: .*/, 'searchPath: [app, public]')(folder)),
      'IMPORT_STATEMENTS',
    ],
    ...[
      'create table a ()',
      'create table app.a ()',
      'create table a as select 1',
      'create view app.a as select 1',
      'create materialized view a as select 1',
      'create sequence a',
      'create foreign table a () server s',
      'create type a as (i int)',
      `create type a as enum ('x')`,
      'create domain a as int',
      'create type a as range (subtype = int4)',
      'create function a() returns int language sql as $$ select 1 $$',
      'create aggregate app.a (int) (sfunc = int4pl, stype = int)',
      'alter table public.b set schema app',
      'alter table b rename to a',
      'alter table app.b rename to a',
      'alter function app.b() rename to a',
      'do $$ begin create table a (); end $$',
    ].map(
      (own) =>
        [
          `a tier of people hides what a migration means: ${own}`,
          sqlxCase,
          (folder: Files) => withOwn(`${own};`)(yamlWith(/searchPath: .*/, 'searchPath: [app, public]')(folder)),
          'IMPORT_STATEMENTS',
        ] as const,
    ),
    [
      'a tier of people gives a schema a name of the search path',
      sqlxCase,
      (folder) =>
        withOwn('alter schema other rename to app;')(yamlWith(/searchPath: .*/, 'searchPath: [app, public]')(folder)),
      'IMPORT_STATEMENTS',
    ],
    [
      'a tier runs each statement alone',
      sqlxCase,
      yamlWith(/- id: 1-1-a/, '$&\n    transaction: each'),
      'IMPORT_STATEMENTS',
    ],
    ['a tier is barred', sqlxCase, yamlWith(/- id: 1-1-a/, '$&\n    barred: not yet'), 'IMPORT_HISTORY'],
    [
      'golang-migrate comes from another version',
      twoOfGolang,
      (folder) => {
        const swap = (text: string): string =>
          text
            .replace('version = 2 AND', 'version = 1 AND')
            .replace('SET version = 2 WHERE version = 3', 'SET version = 1 WHERE version = 3');
        return {
          ...yamlWith(/before: "2"/, 'before: "1"')(folder),
          'tiers/2-3-c/up.sql': swap(folder['tiers/2-3-c/up.sql'] ?? ''),
          'tiers/2-3-c/down.sql': swap(folder['tiers/2-3-c/down.sql'] ?? ''),
        };
      },
      'IMPORT_HISTORY',
    ],
    [
      'golang-migrate goes to a lower version',
      { ...twoOfGolang, files: golang('2_b.up.sql', '2_b.down.sql') },
      (folder) => {
        const swap = (text: string): string => text.replaceAll('version = 1', 'version = 5');
        return {
          ...yamlWith(/before: "1"/, 'before: "5"')(folder),
          'metrics/version_before.sql': swap(folder['metrics/version_before.sql'] ?? ''),
          'tiers/1-2-b/up.sql': swap(folder['tiers/1-2-b/up.sql'] ?? ''),
          'tiers/1-2-b/down.sql': swap(folder['tiers/1-2-b/down.sql'] ?? ''),
        };
      },
      'IMPORT_HISTORY',
    ],
    [
      'the up of diesel is its down.sql',
      {
        ...dieselCase,
        files: { ...dieselCase.files, 'migrations/2024-01-02-030405_a/down.sql': 'create table a ();\n' },
      },
      renamed('2024-01-02-030405_a/up.sql', '2024-01-02-030405_a/x.sql'),
      'IMPORT_HISTORY',
    ],
    [
      'the down of diesel is of another folder',
      dieselCase,
      renamed('2024-01-02-030405_a/down.sql', '2024-01-02-030405_b/down.sql'),
      'IMPORT_HISTORY',
    ],
    [
      'the up of prisma is another file',
      caseOf('prisma'),
      renamed('20240102030405_a/migration.sql', '20240102030405_a/other.sql'),
      'IMPORT_HISTORY',
    ],
    [
      'the down of prisma is another file',
      caseOf('prisma'),
      renamed('20240102030405_a/down.sql', '20240102030405_a/up.sql'),
      'IMPORT_HISTORY',
    ],
    [
      'the up of sqlx is a down, with the row that such a file would have',
      sqlxCase,
      (folder) => {
        const up = folder['tiers/1-1-a/up.sql'] ?? '';
        const row = up.replace("(1, 'a',", "(1, 'a.x.down',");
        if (row === up) throw new Error(up);
        return { ...renamed('1_a.up.sql', '1_a.x.down.sql')(folder), 'tiers/1-1-a/up.sql': row };
      },
      'IMPORT_HISTORY',
    ],
    ['the down of sqlx is an up', sqlxCase, renamed('1_a.down.sql', '1_a.sql'), 'IMPORT_HISTORY'],
    ['the down of sqlx is of another version', sqlxCase, renamed('1_a.down.sql', '2_a.down.sql'), 'IMPORT_HISTORY'],
    [
      'the up of golang-migrate is a down',
      golangCase,
      renamed('000005_b.up.sql', '000005_b.up.down.sql'),
      'IMPORT_HISTORY',
    ],
    [
      'the down of golang-migrate is an up',
      golangCase,
      renamed('000005_b.down.sql', '000005_b.down.up.sql'),
      'IMPORT_HISTORY',
    ],
    [
      'the down of golang-migrate is of another version',
      golangCase,
      renamed('000005_b.down.sql', '000006_b.down.sql'),
      'IMPORT_HISTORY',
    ],
    [
      'a tool without files of downs has one',
      caseOf('drizzle'),
      withDown(
        '0000_a.down.sql',
        'LOCK TABLE "drizzle"."__drizzle_migrations" IN EXCLUSIVE MODE',
        `DELETE FROM "drizzle"."__drizzle_migrations" WHERE hash = '6f81029c2b1b55fd42e4f29556290cdd33ab2e73004e2b99df3c47a49932c021' AND created_at = 1712345678901`,
      ),
      'IMPORT_HISTORY',
    ],
    [
      'Flyway has the undo of another version',
      caseOf('flyway'),
      withDown(
        'U1_03__x.sql',
        'SELECT pg_catalog.pg_advisory_xact_lock(77433833903597)',
        `DELETE FROM "public"."flyway_schema_history" WHERE installed_rank = 7 AND script = 'V1_02__add_it''s.sql'`,
      ),
      'IMPORT_HISTORY',
    ],
    [
      'a metric of the import is missing',
      dbmateCase,
      (folder) =>
        yamlWith(
          /^metrics:\n(?: .*\n)*invariants:\n(?: .*\n)*/m,
          '',
        )({ ...folder, 'metrics/migrations_recorded.sql': undefined as never }),
      'IMPORT_HISTORY',
    ],
    [
      'the journal of Drizzle is another one',
      caseOf('drizzle'),
      (folder) => ({ ...folder, [journal]: (folder[journal] ?? '').replace('1712345678901', '1712345678902') }),
      'IMPORT_FILE_CHANGED',
    ],
    [
      'the row of Drizzle has another time than its journal',
      caseOf('drizzle'),
      (folder) => {
        const text = (folder[journal] ?? '').replace('1712345678901', '1712345678902');
        return yamlWith(sha256(folder[journal] ?? ''), sha256(text))({ ...folder, [journal]: text });
      },
      'IMPORT_HISTORY',
    ],
    [
      'the journal has a migration of Drizzle twice',
      caseOf('drizzle'),
      (folder) => {
        const entry = '{"tag":"0000_a","when":1712345678901}';
        const text = (folder[journal] ?? '').replace(entry, `${entry},${entry}`);
        return yamlWith(sha256(folder[journal] ?? ''), sha256(text))({ ...folder, [journal]: text });
      },
      'IMPORT_HISTORY',
    ],
    [
      'the journal of Drizzle is left out',
      caseOf('drizzle'),
      (folder) => yamlWith(/^ *journal:\n.*\n.*\n/m, '')({ ...folder, [journal]: undefined as never }),
      'IMPORT_HISTORY',
    ],
    ['Flyway has another rank', caseOf('flyway'), yamlWith('rank: "7"', 'rank: "8"'), 'IMPORT_HISTORY'],
    [
      'Flyway has a rank that does not follow the one before',
      {
        ...caseOf('flyway'),
        files: { ...caseOf('flyway').files, 'db/migration/V2__b.sql': 'create table b ();' },
      },
      (folder) =>
        Object.fromEntries(
          Object.entries(folder).map(([path, text]) => [
            path,
            text.replace('rank: "8"', 'rank: "9"').replace('= 8', '= 9').replace('(8,', '(9,'),
          ]),
        ),
      'IMPORT_HISTORY',
    ],
    [
      'the rank of Flyway is not compared with the history',
      caseOf('flyway'),
      yamlWith(/rank_reached: 6/, 'rank_reached: { atLeast: 0 }'),
      'IMPORT_HISTORY',
    ],
    ['a bound of the import is missing', dbmateCase, yamlWith(/^ *finalized:\n.*\n/m, ''), 'IMPORT_HISTORY'],
    [
      'a bound of the import is wider',
      dbmateCase,
      yamlWith(/migrations_recorded: 1/, 'migrations_recorded: { atLeast: 0 }'),
      'IMPORT_HISTORY',
    ],
    [
      'a metric of the import counts something else',
      dbmateCase,
      (folder) => ({
        ...folder,
        'metrics/migrations_recorded.sql': `SELECT count(*) FROM (SELECT 1 WHERE current_setting('x.y', true) = '') one;\n`,
      }),
      'IMPORT_HISTORY',
    ],
    ...['-- migrate:down\u00A0', '-- migrate:down two words', '--\u00A0migrate:down', '-- migrate:down\v'].map(
      (line) =>
        [
          `dbmate takes no down from ${JSON.stringify(line)}`,
          dbmateCase,
          (folder: Files): Files => {
            const down = 'tiers/1-20240101000002-t2/down.sql';
            const wider = withText('20240101000002_t2.sql', (text) =>
              text.replace('\n-- migrate:down', `\n${line}\ndrop table other;\n-- migrate:down`),
            )(folder);
            return { ...wider, [down]: wider[down]?.replace('drop table t2;', 'drop table other;\n$&') ?? '' };
          },
          'IMPORT_STATEMENTS',
        ] as const,
    ),
    [
      'dbmate refuses SQL before the up',
      dbmateCase,
      withText('20240101000002_t2.sql', (text) => `select 1;\n${text}`),
      'IMPORT_HISTORY',
    ],
    [
      'dbmate refuses a file without a down',
      dbmateCase,
      withText('20240101000002_t2.sql', (text) => text.replace('-- migrate:down', '--')),
      'IMPORT_HISTORY',
    ],
    ...['-- Down +goose', '-- +goose Sideways'].map(
      (line) =>
        [
          `goose reads ${JSON.stringify(line)} in its own way`,
          gooseCase,
          withText('00007_f.sql', (text) => text.replace('-- +goose Down', `${line}\n-- +goose Down`)),
          'IMPORT_HISTORY',
        ] as const,
    ),
    [
      'goose fills in variables',
      gooseCase,
      withText('00007_f.sql', (text) => `-- +goose ENVSUB ON\n${text}`),
      'IMPORT_UNFIT',
    ],
    [
      'Flyway fills in placeholders',
      caseOf('flyway'),
      withText("V1_02__add_it's.sql", (text) => `${text} \${name}`),
      'IMPORT_UNFIT',
    ],
    ...[
      'create view v as select * from _sqlx_migrations;',
      'create table p () inherits (public._sqlx_migrations);',
      'create table p (like _sqlx_migrations) partition by list (version); alter table p attach partition _sqlx_migrations default;',
      'alter schema public rename to q;',
      'drop table _sqlx_migrations;',
      'drop trigger t on public._sqlx_migrations;',
      'alter table other rename to _sqlx_migrations;',
      'grant insert on _sqlx_migrations to public;',
      'create function f() returns void language plpgsql as $$ begin insert into public._sqlx_migrations values (2); end $$;',
      'create function f() returns void language sql as $$ select 1; delete from _sqlx_migrations $$;',
      "do $a$ begin execute 'do $b$ begin delete from _sqlx_migrations; end $b$'; end $a$;",
      'create rule r as on insert to other do also insert into _sqlx_migrations values (2);',
    ].map((up) => [`a tier of people says ${up}`, sqlxCase, withOwn(up), 'IMPORT_HISTORY'] as const),
  ];

  it.each(holes)('is refused where %s', async (_, { files, said }, change, code) => {
    const changed = change(folderOf(await imported(files, said)));
    const folder = Object.fromEntries(Object.entries(changed).filter(([, text]) => text !== undefined));
    expect(codesOf(folder)).toContain(code);
  });

  it('reads the marks of dbmate in the import as in the release', async () => {
    const [path = '', text = ''] = Object.entries(dbmate(2))[0] ?? [];
    const files = {
      ...dbmate(1),
      [path]: text.replace('\n-- migrate:down', '\n-- migrate:down\u00A0\ndrop table t1;\n-- migrate:down'),
    };
    const folder = folderOf(await imported(files, first));
    expect(statements(folder, 'tiers/1-20240101000002-t2/up.sql').slice(1, -1)).toEqual([
      'create table t2 (i int)',
      'drop table t1',
    ]);
    expect(problemsOf(folder)).toEqual([]);
  });

  it('reads the marks of goose with the white space of Go', async () => {
    const [[path, text] = ['', '']] = Object.entries(gooseCase.files);
    const files = { [path]: text.replace('-- +goose Down', '-- +goose Down\u0085') };
    const folder = folderOf(await imported(files, gooseCase.said));
    expect(statements(folder, 'tiers/1-00007-f/up.sql').slice(1, -1)).not.toContain('drop table g');
    expect(statements(folder, 'tiers/1-00007-f/down.sql').slice(1, -1)).toEqual(['drop table g', 'drop function f()']);
    expect(problemsOf(folder)).toEqual([]);
  });

  it('may have tiers that leave the history alone', async () => {
    const folder = await sqlxFolder();
    for (const up of [
      'create schema other;',
      'insert into other._sqlx_migrations values (2);',
      'create view v as select 1 as _sqlx_migrations;',
    ])
      expect([up, codesOf(withOwn(up)(folder))]).toEqual([up, []]);
    expect(codesOf(yamlWith(/searchPath: .*/, 'searchPath: [pg_catalog, public, pgx]')(folder))).toEqual([]);
  });
});

describe('a release in a repository', () => {
  const product = Object.fromEntries(Object.entries(dbmate(1)).map(([path, text]) => [`app/${path}`, text]));
  const inRelease = (folder: Files): Files =>
    Object.fromEntries(Object.entries(folder).map(([path, text]) => [`releases/a/${path}`, text]));

  it('leaves its copies out of a check, says so, and lets a person name them', async () => {
    const files = { ...product, ...inRelease(folderOf(await imported(one, first))) };
    const [found, ...others] = findProjects(repositoryOf(files));
    expect([found?.folder, others]).toEqual(['app/db/migrations', []]);
    expect(readProject(repositoryOf(files), found as FoundProject, parser).warnings).toMatchObject([
      { file: 'releases/a/migrations', text: expect.stringContaining('--migrations') as unknown },
    ]);
    expect(findProjects(repositoryOf(files), '', 'releases/a/migrations').map(({ folder }) => folder)).toContain(
      'releases/a/migrations',
    );
  });

  it('hides nothing by its name alone', () => {
    for (const text of ['', 'kind: HelmRelease\nspec:\n  import: {}\n'])
      expect(
        findProjects(repositoryOf({ 'app/db/release.yaml': text, ...product })).map(({ folder }) => folder),
      ).toEqual(['app/db/migrations']);
  });

  it.each(['\uFEFFselect 1;\n', 'select 1;\r\n'])(
    'is refused with the migration %j, whose digest would not say so',
    async (text) => {
      const folder = await sqlxFolder();
      const files = { ...folder, 'migrations/1_a.up.sql': text };
      expect(await refusal(withFolder(files, readFiles))).toMatchObject([
        { code: 'IMPORT_FILE_CHANGED', place: { file: 'migrations/1_a.up.sql' } },
      ]);
      expect(await refusal(withFolder(folder, readFiles))).toEqual([]);
    },
  );
});

describe('importing again', () => {
  const third = { ...one, ...dbmate(3) };

  it('changes nothing where nothing is new', async () => {
    const folder = folderOf(await imported(one, first));
    const again = await imported(one, first, folder);
    expect([[...again.files.keys()], again.added]).toEqual([[], []]);
  });

  it('adds the tier of a new migration, and keeps what people wrote', async () => {
    const begun = folderOf(await imported(one, first));
    const byHand: Files = {
      ...begun,
      'release.yaml': `${(begun['release.yaml'] ?? '')
        .replace('title: Pending migrations of dbmate', 'title: Two tables # as agreed')
        .replace('touches:\n', 'touches: # of the shop\n  - public.mine\n')
        .replace('title: 20240101000002_t2', 'title: The second table')
        .replace('tiers:\n', '# the tiers, in order\ntiers:\n')}gates: []\n`,
      'tiers/1-20240101000002-t2/check.sql': 'select i from t2 where i is null;\n',
      'tiers/1-20240101000002-t2/up.sql': `-- read by Ana\n${begun['tiers/1-20240101000002-t2/up.sql'] ?? ''}`,
      'README.md': 'why\n',
    };
    expect(problemsOf(byHand)).toEqual([]);
    const draft = await imported(third, first, byHand);
    expect(draft.added).toEqual(['2-20240101000003-t3']);
    expect([...draft.files.keys()].toSorted()).toEqual([
      'metrics/migrations_recorded.sql',
      'migrations/20240101000003_t3.sql',
      'release.yaml',
      'tiers/2-20240101000003-t3/down.sql',
      'tiers/2-20240101000003-t3/up.sql',
    ]);
    const folder = folderOf(draft, byHand);
    expect(problemsOf(folder)).toEqual([]);
    for (const kept of [
      'title: Two tables # as agreed',
      '# of the shop',
      '- public.mine',
      'title: The second table',
      '# the tiers, in order',
      'gates: []',
    ])
      expect(folder['release.yaml']).toContain(kept);
    expect(parse(folder['release.yaml'] ?? '')).toMatchObject({
      touches: ['public.mine', 'public.schema_migrations', 'public.t2', 'public.t3'],
      invariants: { greenfield: { migrations_recorded: 0 }, finalized: { migrations_recorded: 2 } },
      tiers: [{ id: '1-20240101000002-t2' }, { id: '2-20240101000003-t3' }],
    });
  });

  it("takes up Drizzle's journal as it is now, with the time of a migration that is in the release", async () => {
    const history: Said = { table: '__drizzle_migrations', schema: 'drizzle', rows: [] };
    const project = (entries: readonly (readonly [tag: string, when: number])[]): Files => ({
      'd/meta/_journal.json': JSON.stringify({
        dialect: 'postgresql',
        entries: entries.map(([tag, when]) => ({ tag, when })),
      }),
      ...Object.fromEntries(entries.map(([tag]) => [`d/${tag}.sql`, `create table "${tag}" ();`])),
    });
    const begun = folderOf(await imported(project([['0000_a', 5]]), history));
    const next = project([
      ['0000_a', 6],
      ['0001_b', 7],
    ]);
    const folder = folderOf(await imported(next, history, begun), begun);
    expect(problemsOf(folder)).toEqual([]);
    expect(folder[journal]).toBe(next['d/meta/_journal.json']);
    expect(statements(folder, 'tiers/1-0000-a/up.sql').at(-1)).toMatch(/, 6\)$/);
    expect(statements(folder, 'tiers/2-0001-b/up.sql').at(-1)).toMatch(/, 7\)$/);
  });

  it('takes up a migration that was changed since, where its tier is as it was written', async () => {
    const begun = folderOf(await imported(one, first));
    const draft = await imported({ ...one, ...dbmate(2, 'create table t2 (i bigint)') }, first, begun);
    expect(problemsOf(folderOf(draft, begun))).toEqual([]);
    expect(statements(folderOf(draft, begun), 'tiers/1-20240101000002-t2/up.sql')[1]).toBe(
      'create table t2 (i bigint)',
    );
  });

  const conflicts: readonly (readonly [
    what: string,
    change: (folder: Files) => Files,
    files: Files,
    said: Said,
    file: string,
  ])[] = [
    [
      'a metric of the import was changed by hand',
      (folder) => ({ ...folder, 'metrics/migrations_recorded.sql': 'select 1' }),
      third,
      first,
      'metrics/migrations_recorded.sql',
    ],
    [
      'a bound of the import was changed by hand',
      (folder) => ({
        ...folder,
        'release.yaml': folder['release.yaml']?.replace('migrations_recorded: 1', 'migrations_recorded: 7') ?? '',
      }),
      third,
      first,
      'release.yaml',
    ],
    [
      'a migration and its tier were both changed',
      (folder) => ({ ...folder, 'tiers/1-20240101000002-t2/up.sql': 'select 1' }),
      { ...one, ...dbmate(2, 'create table t2 (i bigint)') },
      first,
      'tiers/1-20240101000002-t2/up.sql',
    ],
    [
      'a migration of it is not pending any more',
      (folder) => folder,
      third,
      { ...first, rows: [...first.rows, { id: '20240101000002' }] },
      'release.yaml',
    ],
    ['a new one comes before those that it has', (folder) => folder, { ...one, ...dbmate(0) }, first, 'release.yaml'],
    [
      'the folder is another release',
      () => ({ 'release.yaml': 'format: 1\nname: a\ntitle: A\ndatabase: app\ntiers: [{ id: 1-a, title: A }]\n' }),
      one,
      first,
      'release.yaml',
    ],
    ['the table is another one', (folder) => folder, one, { ...first, table: 'other' }, 'release.yaml'],
    [
      'a copy is missing',
      (folder) => Object.fromEntries(Object.entries(folder).filter(([path]) => !path.startsWith('migrations/'))),
      one,
      first,
      'migrations/20240101000002_t2.sql',
    ],
    [
      'the database is another one',
      (folder) => ({
        ...folder,
        'release.yaml': folder['release.yaml']?.replace('database: "app"', 'database: shop') ?? '',
      }),
      one,
      first,
      'release.yaml',
    ],
  ];

  it.each(conflicts)('is refused with the place where %s', async (_, change, files, said, file) => {
    const begun = change(folderOf(await imported(one, first)));
    expect(await refusal(imported(files, said, begun))).toMatchObject([{ code: 'IMPORT_CONFLICT', place: { file } }]);
  });
});

describe('a migration that cannot be a tier', () => {
  const unfit: readonly (readonly [what: string, files: Files, place: object])[] = [
    [
      'cannot run inside a transaction',
      dbmate(2, 'create table t2 (i int);\ncreate index concurrently i on t2 (i)'),
      { file: 'db/migrations/20240101000002_t2.sql', line: 3 },
    ],
    [
      'has line ends of Windows',
      { 'db/migrations/20240101000002_t2.sql': '-- migrate:up\r\nselect 1;\r\n-- migrate:down\r\n' },
      { file: 'db/migrations/20240101000002_t2.sql' },
    ],
    [
      'lacks a direction',
      { 'db/migrations/20240101000002_t2.sql': '-- migrate:up\nselect 1;\n' },
      { file: 'db/migrations/20240101000002_t2.sql' },
    ],
  ];

  it.each(unfit)('is refused at its place where it %s', async (_, files, place) => {
    expect(await refusal(imported({ ...one, ...files }, first))).toMatchObject([{ code: 'IMPORT_UNFIT', place }]);
  });

  it('cannot be rolled back where its tool runs a down in a transaction that runs in none', async () => {
    const { withoutDown, files } = await imported(
      { ...one, ...dbmate(2, 'create table t2 (i int)', 'drop index concurrently i') },
      first,
    );
    expect(withoutDown).toEqual(['1-20240101000002-t2']);
    expect(files.get('release.yaml')).toMatch(/oneWay: [^]*DROP INDEX[^]*dbmate\s+runs it in one/);
  });

  it('is refused where its tool fills placeholders, also those with a value', async () => {
    const files = {
      'flyway.conf': 'flyway.placeholders.name=t\n',
      'db/migration/V1__a.sql': 'create table ${name} ();',
    };
    expect(await refusal(imported(files, { table: 'flyway_schema_history', rows: [] }))).toMatchObject([
      { code: 'IMPORT_UNFIT', fix: expect.stringContaining('placeholders are not sealed') as unknown },
    ]);
  });

  it('is refused where goose has older rows of it, with the SQL that removes them', async () => {
    const rows = [
      { id: '0', applied: 'true', at: '1' },
      { id: '7', applied: 'true', at: '2' },
      { id: '7', applied: 'false', at: '3' },
    ];
    expect(await refusal(imported(gooseCase.files, { ...gooseCase.said, rows }))).toMatchObject([
      {
        code: 'IMPORT_UNFIT',
        fix: expect.stringContaining('DELETE FROM "public"."goose_db_version" WHERE version_id = 7;') as unknown,
      },
    ]);
  });

  it('is refused with the line of what the parser refuses', async () => {
    const files = { ...one, ...dbmate(2, 'create table t2 (i int);\ncreate tabel t3 (i int)') };
    expect(await refusal(imported(files, first))).toMatchObject([
      { code: 'SQL_SYNTAX', place: { file: 'db/migrations/20240101000002_t2.sql', line: 3 } },
    ]);
  });

  it('is named with the tool whose history no release can hold, and nothing is pending where all has run', async () => {
    const files = { 'm/V1__a.sql': 'select 1;', 'Cargo.toml': '[dependencies]\nrefinery = "0.8"\n' };
    expect(await refusal(imported(files, { table: 'refinery_schema_history', rows: [] }))).toMatchObject([
      { code: 'IMPORT_TOOL', problem: 'a release cannot hold the history of refinery' },
    ]);
    const all = { ...first, rows: [...first.rows, { id: '20240101000002' }] };
    expect(await refusal(imported(one, all))).toMatchObject([{ code: 'IMPORT_NOTHING' }]);
  });
});
