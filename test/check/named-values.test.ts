import { expect, it } from 'vitest';
import { namedValues, withBodies } from '../../src/check/named-values.ts';
import { sentOf } from '../../src/check/sent.ts';
import { loadParser } from '../../src/release/index.ts';
import { checked, golangMigrate, withFiles } from './repository.io.ts';

const parser = await loadParser();
const named = (text: string): readonly string[] =>
  namedValues({
    up: withBodies(parser, sentOf(parser, { file: 'a.sql', line: 1, text, send: 'message' } as never)),
    down: [],
  }).map(({ table, column, value }) => `${table}.${column} ${value}`);

it.each([
  ['a condition', `delete from t where a = 'x' and b in (1, 2)`, ['t.a x', 't.b 1', 't.b 2']],
  ['what is set', `update t set a = 'y'`, ['t.a y']],
  ['the constant first', `delete from t where 'x' = a`, ['t.a x']],
  [
    'a function of the column',
    `delete from t where lower(trim(a)::text) = 'x' and coalesce(b, '') = ''`,
    ['t.a x', 't.b '],
  ],
  ['a member of a document', `delete from t where doc ->> 'kind' = 'x'`, ['t.doc {"kind":"x"}']],
  ['a CASE', `update t set b = case when a = 'x' then 1 else 2 end`, ['t.a x']],
  ['a subquery', `delete from t where id in (select t_id from other where kind = 'x')`, ['t.kind x', 'other.kind x']],
  ['an alias', `update t set n = 0 from other o where o.id = t.id and o.kind = 'x'`, ['other.kind x', 't.n 0']],
  ['a block', `do $$ begin if true then update t set n = 0 where a = 'x'; end if; end $$`, ['t.a x', 't.n 0']],
  [
    'a function',
    `create function f() returns void language plpgsql as $$ begin execute 'delete from t where a = ''x'''; end $$`,
    ['t.a x'],
  ],
  ['the table that is read', `insert into seeds (name) select a from t where a = 'x'`, ['t.a x']],
  ['not the table that is written', `insert into t (a) select 'x' where not exists (select from t where a = 'x')`, []],
  ['no arithmetic', `update t set n = n + 1, a = a || 'x'`, []],
])('names values of %s', (_, sql, values) => {
  expect(named(sql)).toEqual(values);
});

/** Each changes nothing of a row that has not what it asks for. */
const files = golangMigrate([
  {
    name: 'begin',
    up: 'create table t (id int primary key, kind text, doc jsonb, n int); create table other (id int primary key, kind text);',
    down: 'drop table t, other;',
  },
  {
    name: 'block',
    up: `do $$ begin update t set kind = 'new' where kind = 'old'; end $$;`,
    down: `do $$ begin update t set kind = 'old' where kind = 'new'; end $$;`,
  },
  {
    name: 'member',
    up: `update t set doc = doc - 'kind' where doc ->> 'kind' = 'plain';`,
    down: `update t set doc = doc where id < 0;`,
  },
  {
    name: 'subquery',
    up: `delete from other where id in (select id from other where lower(kind) = 'gone');`,
    down: `delete from other where id < 0;`,
  },
]);

it('gives an up the rows that it asks for, wherever it does', () =>
  withFiles(files, (folder) => {
    const run = checked(folder, ['--all', '--postgres', '18']);
    expect(run.result.migrations.map(({ verdict }) => verdict)).toEqual([
      'clean',
      'data-changed',
      'data-changed',
      'data-lost',
    ]);
  }));
