import { beforeAll, describe, expect, it } from 'vitest';
import { newest } from '../database.io.ts';
import { type Checked, checked, golangMigrate, withFiles, type Written } from './repository.io.ts';

/** What only certain rows show: repeated values, spaces around a text, a materialized view that holds what its tables hold. */
const cases: readonly (Written & { readonly faults: readonly string[] })[] = [
  {
    name: 'begin',
    up: `create table parents (id int primary key);
create table t (id int primary key, whole int not null, label text not null, at date not null, parent int references parents, code varchar(12) unique);
create table u0 (like t); create table u1 (like t); create table u2 (like t); create table u4 (like t);
create table seeds (key text primary key); create table words (word text); create table letters (word text);
create table texts (a text, b text not null, c varchar(40), d text default 'd');
create table u3 (like t, foreign key (parent) references parents);
create materialized view counted as select count(*) as rows from t;
create materialized view again as select rows from counted;`,
    faults: ['no-down'],
  },
  ...['whole', 'label', 'at', 'parent', 'whole, label, at'].map((columns, at) => ({
    name: `unique_${at}`,
    up: `create unique index only_${at} on u${at} (${columns});`,
    down: `drop index only_${at};`,
    faults: ['up-fails-on-rows'],
  })),
  {
    name: 'still_unique',
    up: 'alter table t add unique (code, id);',
    down: 'alter table t drop constraint t_code_id_key;',
    faults: [],
  },
  ...['a', 'b', 'c', 'd'].flatMap((column) =>
    ['trim(X)', 'lower(X)', "replace(X, '''', '')"].map((change, at) => ({
      name: `changes_${column}_${at}`,
      up: `update texts set ${column} = ${change.replace('X', column)};`,
      down: `update texts set ${column} = ${column};`,
      faults: ['data-changed'],
    })),
  ),
  {
    name: 'five_values',
    up: `alter table letters add grp int; update letters set word = 'b' where word = 'a'; update letters set grp = 1 where word = 'c'; update letters set grp = 2 where word = 'd'; update letters set grp = 3 where word = 'e';`,
    down: 'alter table letters drop grp;',
    faults: ['data-changed'],
  },
  {
    name: 'endless_trigger',
    up: `create table slow (id int primary key, a text); create function endless() returns trigger language plpgsql as $$ begin loop end loop; end $$; create trigger endless before update on slow for each row execute function endless();`,
    down: 'drop table slow; drop function endless();',
    faults: [],
  },
  {
    name: 'endless_planting',
    up: `update slow set a = 'x' where a = 'planted' and false;`,
    down: `update slow set a = 'planted' where a = 'x' and false;`,
    faults: [],
  },
  {
    name: 'padded',
    up: 'alter table t alter code type char(12);',
    down: 'alter table t alter code type varchar(12);',
    faults: ['data-changed'],
  },
  {
    name: 'seed_of_unique_key',
    up: `insert into seeds (key) values ('a'), ('b');`,
    down: `delete from seeds where key in ('a', 'b');`,
    faults: [],
  },
  {
    name: 'seed_of_any_key',
    up: `insert into public.words (word) select 'seeded';`,
    down: `delete from words where word = 'seeded';`,
    faults: [],
  },
  {
    name: 'seed_that_may_be_there',
    up: `insert into seeds (key) values ('c') on conflict do nothing;`,
    down: `delete from seeds where key = 'c';`,
    faults: ['data-lost'],
  },
  {
    name: 'seed_where_it_is_not_there',
    up: `insert into words (word) select 'maybe' where not exists (select from words where word = 'maybe');`,
    down: `delete from words where word = 'maybe';`,
    faults: ['data-lost'],
  },
  {
    name: 'view_made_again',
    up: 'drop materialized view again; drop materialized view counted; create materialized view counted as select count(*) as rows, 1 as one from t; create materialized view again as select rows from counted;',
    down: 'drop materialized view again; drop materialized view counted; create materialized view counted as select count(*) as rows from t; create materialized view again as select rows from counted;',
    faults: [],
  },
  {
    name: 'view_of_other_rows',
    up: 'create or replace view nothing as select 1; refresh materialized view counted;',
    down: 'drop view nothing; drop materialized view again; drop materialized view counted; create materialized view counted as select count(*) + 1 as rows from t; create materialized view again as select rows from counted;',
    faults: ['schema-not-restored', 'data-changed'],
  },
];

describe.each(newest)('rows that a check plants, on PostgreSQL %s', (version) => {
  let run: Checked;
  beforeAll(
    () =>
      withFiles(golangMigrate(cases), (folder) => {
        run = checked(folder, ['--all', '--postgres', version]);
      }),
    300_000,
  );

  it.each(cases)('show $faults in $name', ({ name, faults }) => {
    const judged = run.of(name);
    expect(
      judged.faults.map(({ code }) => code),
      JSON.stringify(judged, null, 1),
    ).toEqual(faults);
  });
});
