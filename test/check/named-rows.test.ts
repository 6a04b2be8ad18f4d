import { expect, it } from 'vitest';
import { namedRows } from '../../src/check/named-rows.ts';
import { withBodies } from '../../src/check/named-values.ts';
import { sentOf } from '../../src/check/sent.ts';
import { loadParser } from '../../src/release/index.ts';
import { checked, golangMigrate, withFiles } from './repository.io.ts';

const parser = await loadParser();
const named = (text: string): readonly string[] =>
  namedRows({
    up: withBodies(parser, sentOf(parser, { file: 'a.sql', line: 1, text, send: 'message' } as never)),
    down: [],
  }).map(({ table, values, present }) =>
    [table, ...values.map(([column, value]) => `${column}=${value}`), ...present.map((one) => `${one}+`)].join(' '),
  );

it.each([
  ['two columns', `delete from t where a = 'x' and b = 2`, ['t a=x b=2']],
  ['one column: none', `delete from t where a = 'x'`, []],
  ['a list', `delete from t where a = 'x' and b in (1, 2)`, ['t a=x b=1', 't a=x b=2']],
  ['OR of two', `delete from t where a = 'x' and b = 1 or a = 'y' and b = 2`, ['t a=x b=1', 't a=y b=2']],
  ['OR inside of AND', `delete from t where a = 'x' and (b = 1 or c)`, ['t a=x b=1', 't a=x c=true']],
  ['NULL, NOT NULL and NOT', `delete from t where a is null and b is not null and not c`, ['t a=null c=false b+']],
  ['limits', `delete from t where a > 5 and b < 5 and 5 > c and d >= 5`, ['t a=6 b=4 c=4 d=5']],
  ['another value', `delete from t where a = 'x' and b <> 'y'`, ['t a=x b+']],
  [
    'members of one document',
    `delete from t where d ->> 'a' = 'x' and d ->> 'b' = 'y' and c`,
    ['t d={"a":"x","b":"y"} c=true'],
  ],
  [
    'a join and its WHERE',
    `update t set n = 0 from t t2 join o on o.id = t2.id and o.a = 'x' where o.b = 'y' and t2.c`,
    ['o a=x b=y'],
  ],
  ['a CASE in a WHERE', `update t set n = case when a = 'x' then 1 end where b = 2`, ['t b=2 a=x']],
  ['a block', `do $$ begin delete from t where a = 'x' and b = 2; end $$`, ['t a=x b=2']],
  [
    'not the table that an INSERT writes',
    `insert into t (a) select 1 where not exists (select from t where a = 1 and b = 2)`,
    [],
  ],
])('names rows of %s', (_, sql, rows) => {
  expect(named(sql)).toEqual(rows);
});

it('follows no more ways than a table has rows', () => {
  const list = Array.from({ length: 50 }, (_, n) => n).join(', ');
  expect(named(`delete from t where a in (${list}) and b in (${list})`)).toHaveLength(8);
});

/** Each deletes or changes nothing of a row that has only some of the values; its down brings nothing back. */
const conditions: Readonly<Record<string, string>> = {
  two: `update t1 set note = 'done' where kind = 'x' and state = 'y'`,
  three: `update t2 set note = 'done' where kind = 'x' and state = 'y' and n = 77`,
  list: `delete from t3 where kind = 'x' and state in ('y', 'z')`,
  either: `delete from t4 where (kind = 'x' and n = 71) or (state = 'y' and n = 72)`,
  key: `delete from t5 where parent = 'eu' and kind = 'x'`,
  case: `update t6 set note = case when state = 'y' then 'done' else note end where kind = 'x'`,
  join: `delete from t7 using parents p where p.id <> t7.note and t7.kind = 'x' and t7.state = 'y'`,
  present: `delete from t8 where kind = 'x' and state is null and n is not null`,
  // the combination that a CHECK forbids is in no row; another condition on the same table is still met
  forbidden: `delete from t9 where kind = 'x' and state = 'y'`,
  allowed: `delete from t10 where kind = 'x' and state = 'y' or kind = 'x' and state = 'z'`,
};
const tables = Object.keys(conditions).map((_, at) => `t${at + 1}`);
const never = (table: string) => `update ${table} set note = note where id < 0;`;
const files = golangMigrate([
  {
    name: 'begin',
    up: `create table parents (id text primary key, title text);
${tables.map((name) => `create table ${name} (id int primary key, kind text, state text, n int, note text, parent text references parents);`).join('\n')}
${['t9', 't10'].map((name) => `alter table ${name} add check (not (kind = 'x' and state = 'y'));`).join('\n')}`,
    down: `drop table ${[...tables, 'parents'].join(', ')};`,
  },
  ...Object.entries(conditions).map(([name, sql], at) => ({ name, up: `${sql};`, down: never(`t${at + 1}`) })),
]);

it('gives an up the rows that have together what it asks for', () =>
  withFiles(files, (folder) => {
    const run = checked(folder, ['--all', '--postgres', '18']);
    expect(
      Object.fromEntries(run.result.migrations.map(({ name, verdict }) => [name.replace(/^\d+_/, ''), verdict])),
    ).toEqual({
      begin: 'clean',
      two: 'data-changed',
      three: 'data-changed',
      list: 'data-lost',
      either: 'data-lost',
      key: 'data-lost',
      case: 'data-changed',
      join: 'data-lost',
      present: 'data-lost',
      forbidden: 'clean',
      allowed: 'data-lost',
    });
    expect(run.of('list').faults.map(({ cause }) => cause)).toEqual(['after up and down, public.t3 lacks 2 rows']);
    expect(run.of('either').faults.map(({ cause }) => cause)).toEqual(['after up and down, public.t4 lacks 2 rows']);
  }));
