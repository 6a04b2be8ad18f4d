import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scriptFailureOf } from '../../src/check/failure.ts';
import { newest, withDatabase, withSession } from '../database.io.ts';
import { oneroof } from '../cli/run.io.ts';
import { golangMigrate, withFiles, type Written } from './repository.io.ts';

/** The value of a row that no output may show; in lower case, so that it is a word and a name too. */
const planted = 'plantedvalue';
const table = 'create table t (id int primary key, a text, made text);';
const block = (body: string): string =>
  `do $$ declare v text := (select a from t where id = -1); begin ${body} end $$;`;

/** SQL that makes the server say the value, in each place where it can; a number is the SQLSTATE. */
const talkative: Readonly<Record<string, string>> = {
  cast_22P02: 'alter table t alter a type int using a::int;',
  range_22007: 'select a::date from t;',
  json_context_22P02: `select ('{"k": ' || a || '}')::json from t where id = -1;`,
  unquoted_bytes_22021: `select convert_from(a::bytea || '\\xff', 'UTF8') from t where id = -1;`,
  key_23505: 'insert into k select a, 1 from t union all select a, 1 from t;',
  row_23514: 'insert into k select a, -1 from t;',
  row_23502: 'insert into t (id, a) select null, a from t where id = -1;',
  raised_P0001: block(`raise exception 'message %', v;`),
  raised_as_42P07: block(`raise exception using errcode = '42P07', message = v, detail = v, hint = v;`),
  raised_as_23505: block(
    `raise exception using errcode = '23505', message = v, constraint = v, table = v, column = v;`,
  ),
  again_42P01: block(`begin execute format('table %I', v); exception when others then raise; end;`),
  context_of_sql: block(`execute format('select %L::int', v);`),
  name_42P01: 'select a::regclass from t where id = -1;',
  name_42704: 'select a::regtype from t where id = -1;',
  name_42883: 'select a::regproc from t where id = -1;',
  name_3F000: 'select a::regnamespace from t where id = -1;',
  role_42704: 'select a::regrole from t where id = -1;',
  parts_42601: `select (a || '.b.c.d')::regclass from t where id = -1;`,
  other_database_0A000: `select (a || '.b.c')::regclass from t where id = -1;`,
  tsquery_42601: `select to_tsquery('simple', a || ' ' || a) from t where id = -1;`,
  parameter_42704: `select set_config(a, '1', false) from t where id = -1;`,
  setting_22023: `select set_config('statement_timeout', a, false) from t where id = -1;`,
  computed_extension: block(`execute format('create extension %I', v);`),
  computed_role: block(`execute format('grant select on t to %I', v);`),
  computed_name: block(`execute format('alter table t drop column %I', v);`),
  assert_P0004: block('assert false, v;'),
  whole_row_44000: 'update w set id = -id;',
  whole_row_21000: 'refresh materialized view concurrently m;',
  column_42703: block(`execute format('select t.%I from t', v);`),
  function_42883: block(`execute format('select %I()', v);`),
};

describe.each(newest)('what PostgreSQL %s says of a value of a row', (version) => {
  it.each(Object.entries(talkative))('is not shown unless asked for: %s', async (name, statement) => {
    await withDatabase(version, (connection) =>
      withSession(connection, async (session) => {
        await session.run('set search_path to public');
        await session.run(table);
        await session.run('create table k (a text unique, n int check (n > 0))');
        await session.run(`insert into t values (-1, '${planted}')`);
        await session.run(`create table u as select 1 as id, '${planted}'::text as a`);
        await session.run('create view w as select * from u where id > 0 with check option');
        await session.run('create materialized view m as select a from u');
        await session.run('create unique index on m (a)');
        await session.run('insert into u select 2, a from u');
        const error = await session.run(statement).then(
          () => 'it did not fail',
          (cause: unknown) => cause,
        );
        const sent = { sql: statement, line: 1, kind: '', tree: {}, transactional: true };
        const failure = (values: 'hidden' | 'shown'): string =>
          JSON.stringify(scriptFailureOf({ sent, error }, { file: 'f.sql', inTransaction: true, values }));
        // role and whole are to decide by, and are in no result
        expect(failure('hidden').replaceAll(/"(?:role|whole)":"(?:[^"\\]|\\.)*"/g, '')).not.toMatch(
          new RegExp(planted, 'i'),
        );
        expect([failure('shown').match(/SQLSTATE|"state":"([^"]*)"/)?.[1], failure('shown')]).toEqual([
          /[0-9A-Z]{5}$/.exec(name)?.[0] ?? expect.any(String),
          expect.stringContaining(name.includes('22021') ? '0x' : planted),
        ]);
      }),
    );
  });
});

const safe = 'do $$ begin end $$;';
const cases: readonly Written[] = [
  { name: 'begin', up: `${table} create view seen as select 1 as a;`, down: 'drop view seen; drop table t;' },
  {
    name: 'notice',
    up: block(`raise notice 'drop cascades to view % seen', v; raise notice 'drop cascades to % seen', v;`),
    down: safe,
  },
  { name: 'raised', up: block(`raise exception 'message %', v;`), down: safe },
  { name: 'cast_back', up: safe, down: 'alter table t alter a type int using a::int;' },
  { name: 'role', up: block(`execute format('grant select on t to %I', v);`), down: safe },
  { name: 'name_back', up: safe, down: 'select a::regclass from t where id = -1;' },
  // one that fails on rows alone empties the tables for what comes after
  { name: 'key', up: 'alter table t add unique (made);', down: safe },
];

describe.each(newest)('a value of a row, on PostgreSQL %s', (version) => {
  it('is in no output', { timeout: 600_000 }, () =>
    withFiles(golangMigrate(cases), (folder) => {
      const file = (name: string): string => join(folder, name);
      writeFileSync(
        file('rows.sql'),
        `insert into t values (-1, '${planted}', '${planted}'), (-2, 'b', '${planted}');`,
      );
      const files = { sarif: file('o.sarif'), junit: file('o.xml'), markdown: file('o.md'), baseline: file('known') };
      const run = (words: readonly string[]): string => {
        const given = ['--from', '2', '--rows', file('rows.sql'), '--postgres', version, ...words];
        const { stdout, stderr } = oneroof(['check', folder, ...given], { env: { GITHUB_ACTIONS: 'true' } });
        return `${stdout}${stderr}`;
      };
      const named = Object.entries(files).flatMap(([option, path]) => [`--${option}`, path]);
      const outputs = (words: readonly string[]): Readonly<Record<string, string>> => ({
        terminal: run([...named, '--write-baseline', ...words]),
        ...Object.fromEntries(Object.entries(files).map(([name, path]) => [name, readFileSync(path, 'utf8')])),
      });
      const hidden = { ...outputs([]), json: run(['--json']) };
      for (const [form, text] of Object.entries(hidden))
        expect([form, text.length > 500, text.split('\n').filter((line) => line.includes(planted))]).toEqual([
          form,
          true,
          [],
        ]);
      expect(hidden.json).toContain('view public.seen');
      // and it would be there: the server says it
      const shown = outputs(['--show-values']);
      for (const form of ['terminal', 'sarif', 'junit', 'markdown']) expect(shown[form]).toContain(planted);
      expect(shown['terminal']).toMatch(new RegExp(`^::error .*${planted}`, 'm'));
    }),
  );
});
