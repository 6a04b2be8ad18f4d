import { beforeAll, describe, expect, it } from 'vitest';
import { newest } from '../database.io.ts';
import { type Checked, checked, golangMigrate, withFiles, type Written } from './repository.io.ts';

/** An up, and the hazards that are to be found; each has a form beside it that raises none. */
const cases: readonly (Written & { readonly hazards: readonly string[]; readonly says?: string })[] = [
  {
    name: 'begin',
    up: `create table parents (a int, b int, primary key (a, b)); create table "Odd" (id int primary key, "x y" int, n int not null, label text, one int, two int);
create table t (id int primary key, a int, label text, parent_a int, parent_b int); create index t_a on t (a); create index t_l on t (label);
create materialized view m as select * from t; create materialized view later as select * from t with no data; create table whole (id int, a int) partition by range (id); create table part partition of whole for values from (0) to (100000); create unique index m_id on m (id); create table fresh (id int);`,
    hazards: [],
  },
  {
    name: 'rename_table',
    up: 'alter table "Odd" rename to odd;',
    hazards: ['renames'],
    says: 'public."Odd" is now public.odd',
  },
  {
    name: 'rename_behind_a_view',
    up: 'alter table odd rename to odd_rows; create view odd as select * from odd_rows;',
    hazards: [],
  },
  {
    name: 'rename_back',
    up: 'alter table odd_rows rename to passing; alter table passing rename to odd_rows;',
    hazards: [],
  },
  {
    name: 'move',
    up: 'create schema other; alter table t set schema other;',
    hazards: ['renames'],
    says: 'is now other.t',
  },
  { name: 'move_back', up: 'alter table other.t set schema public;', hazards: ['renames'] },
  {
    name: 'rename_column',
    up: 'alter table odd_rows rename "x y" to xy;',
    hazards: ['renames'],
    says: 'column "x y" of public.odd_rows is now xy',
  },
  {
    name: 'swap_columns',
    up: 'alter table odd_rows rename one to old_one; alter table odd_rows rename two to one;',
    hazards: ['renames'],
    says: 'column two of',
  },
  {
    name: 'rename_of_own',
    up: 'create table own (i int); insert into own values (1); alter table own rename i to j;',
    hazards: [],
  },
  { name: 'all_rows', up: `update odd_rows set label = 'x';`, hazards: ['updates-all-rows'] },
  {
    name: 'all_rows_in_a_block',
    up: `do $$ begin update odd_rows set n = n + 1 where true; end $$;`,
    hazards: ['updates-all-rows'],
  },
  { name: 'some_rows', up: 'update odd_rows set n = n + 1 where id = (select min(id) from odd_rows);', hazards: [] },
  { name: 'drop_index', up: 'drop index t_a;', hazards: ['index-blocks-writes'] },
  { name: 'drop_index_safe', up: 'drop index concurrently t_l;', hazards: [] },
  { name: 'refresh', up: 'refresh materialized view m;', hazards: ['refresh-blocks-reads'] },
  { name: 'refresh_safe', up: 'refresh materialized view concurrently m;', hazards: [] },
  {
    name: 'refresh_own',
    up: 'create materialized view m2 as select 1 with no data; refresh materialized view m2;',
    hazards: [],
  },
  { name: 'vacuum_full', up: 'vacuum (full, analyze) t;', hazards: ['rewrites-table'] },
  { name: 'refresh_unread', up: 'refresh materialized view later;', hazards: [] },
  { name: 'index_of_whole', up: 'create index whole_a on whole (a);', hazards: ['index-blocks-writes'] },
  { name: 'quoted_vacuum_full', up: 'create table "Q" (id int);', hazards: [] },
  { name: 'quoted_vacuum_full_2', up: 'vacuum full "Q";', hazards: ['rewrites-table'], says: 'public."Q"' },
  {
    name: 'quoted_behind_a_view',
    up: 'alter table "Q" rename to q_rows; create view "Q" as select * from q_rows;',
    hazards: [],
  },
  { name: 'vacuum', up: 'vacuum analyze t;', hazards: [] },
  {
    name: 'key_of_two',
    up: 'alter table t add constraint two foreign key (parent_a, parent_b) references parents (a, b);',
    hazards: ['scans-table'],
  },
  {
    name: 'key_of_itself',
    up: 'alter table t add constraint self foreign key (a) references t;',
    hazards: ['scans-table'],
  },
];

describe.each(newest)('hazards of single statements, on PostgreSQL %s', (version) => {
  let run: Checked;
  beforeAll(
    () =>
      withFiles(golangMigrate(cases), (folder) => {
        run = checked(folder, ['--all', '--postgres', version]);
      }),
    300_000,
  );

  it.each(cases)('finds $hazards in $name', ({ name, hazards, says }) => {
    const judged = run.of(name);
    const shown = JSON.stringify(judged, null, 1);
    expect(
      judged.faults.filter(({ code }) => code !== 'no-down'),
      shown,
    ).toEqual([]);
    expect(
      judged.hazards.map(({ code }) => code),
      shown,
    ).toEqual(hazards);
    if (says !== undefined) expect(judged.hazards[0]?.measured).toContain(says);
  });

  it('gives no SQL that the server refuses', () => {
    expect(run.of('index_of_whole').hazards[0]?.safer).toBeNull();
  });

  it('names the index that is to be dropped with CONCURRENTLY', () => {
    expect(run.of('drop_index').hazards[0]?.safer).toBe('drop index concurrently t_a;');
  });
});
