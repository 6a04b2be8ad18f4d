import { beforeAll, describe, expect, it } from 'vitest';
import { versions } from '../database.io.ts';
import { type Checked, checked, golangMigrate, withFiles, type Written } from './repository.io.ts';

/** Damage that downs of public projects do, and what of it must be said; `safe` is the same without it. */
const cases: readonly (Written & { readonly faults: readonly string[]; readonly says?: string })[] = [
  {
    name: 'tables',
    up: `create table t (id int primary key, kind int, label text, at text); create type state as enum ('a', 'b'); create table u (id int primary key, s state);
create function f() returns trigger language plpgsql set search_path = public as $$ begin return new; end $$;
create trigger tr before update on u for each row execute function f();
create view old_view as select id from u;`,
    faults: ['no-down'],
  },
  {
    name: 'cascade_type',
    up: 'alter table t add other int;',
    down: 'alter table t drop other; drop type state cascade;',
    faults: ['schema-not-restored'],
    says: 'column public.u.s',
  },
  {
    name: 'index_of_table_name',
    up: 'create index label_index on t (label);',
    down: 'drop index if exists t.label_index;',
    faults: ['schema-not-restored', 'up-fails-after-down'],
    says: 'label_index',
  },
  {
    name: 'if_not_exists',
    up: 'create table if not exists t (id int);',
    down: 'drop table t;',
    faults: ['schema-not-restored', 'up-differs-after-down'],
    says: 'public.t',
  },
  {
    name: 'unique_as_index',
    up: 'alter table t add constraint tu unique (id, label);',
    down: 'alter table t drop constraint tu;',
    faults: [],
  },
  {
    name: 'unique_comes_back_as_index',
    up: 'alter table t drop constraint tu;',
    down: 'create unique index tu on t (id, label);',
    faults: ['schema-not-restored', 'up-fails-after-down'],
    says: 'tu',
  },
  { name: 'functional', up: 'create index lo on t (lower(label));', down: 'drop index lo;', faults: [] },
  {
    name: 'functional_comes_back_plain',
    up: 'drop index lo;',
    down: 'create index lo on t (label);',
    faults: ['schema-not-restored'],
    says: 'lo',
  },
  {
    name: 'cascade_function',
    up: 'create or replace function f() returns trigger language plpgsql set search_path = public as $$ begin return old; end $$;',
    down: 'drop function f() cascade; create function f() returns trigger language plpgsql set search_path = public as $$ begin return new; end $$;',
    faults: ['schema-not-restored'],
    says: 'tr',
  },
  {
    name: 'function_loses_search_path',
    up: 'create or replace function f() returns trigger language plpgsql set search_path = public as $$ begin return null; end $$;',
    down: 'create or replace function f() returns trigger language plpgsql as $$ begin return old; end $$;',
    faults: ['schema-not-restored'],
    says: 'public.f()',
  },
  {
    name: 'frozen_now',
    up: `create view frozen as select 'now'::timestamp(6) as at;`,
    down: 'drop view frozen;',
    faults: ['up-differs-after-down'],
    says: 'frozen',
  },
  {
    name: 'extension_left',
    up: 'create extension pgcrypto;',
    down: 'select pg_typeof(1);',
    faults: ['schema-not-restored', 'up-fails-after-down'],
    says: 'pgcrypto',
  },
  {
    name: 'one_to_three',
    up: 'update t set kind = 3 where kind = 1;',
    down: 'update t set kind = 1 where kind = 3;',
    faults: ['data-changed'],
    says: 'public.t.kind',
  },
  {
    name: 'one_to_three_safe',
    up: 'alter table t add was int; update t set was = kind, kind = 5 where kind = 4;',
    down: 'update t set kind = was where was is not null; alter table t drop was;',
    faults: [],
  },
  {
    name: 'not_null_name',
    up: 'alter table t alter id drop not null;',
    down: 'alter table t alter id set not null;',
    faults: ['up-fails'],
  },
  { name: 'new_table', up: 'create table n (a int not null);', down: 'drop table n;', faults: [] },
  {
    name: 'pairs',
    up: 'create table pairs (a int, b int); insert into pairs values (1001, 2001), (1002, 2002), (1003, 2003);',
    down: 'drop table pairs;',
    faults: [],
  },
  {
    name: 'pairs_mixed',
    up: 'create table z ();',
    down: 'drop table z; update pairs set b = 2001 + (a - 1000) % 3 where a between 1001 and 1003;',
    faults: ['data-changed'],
    says: 'public.pairs.b',
  },
  { name: 'closed', up: 'create table closed_one (a int check (false));', down: 'drop table closed_one;', faults: [] },
  {
    name: 'closed_is_touched',
    up: 'alter table closed_one add x int;',
    down: 'alter table closed_one drop x;',
    faults: ['not-judged'],
    says: 'public.closed_one took no rows',
  },
  {
    name: 'table_comes_back_empty',
    up: 'drop table n;',
    down: 'create table n (a int not null);',
    faults: ['data-lost'],
    says: 'public.n lacks 8 rows',
  },
];

describe.each(versions)('the damage that downs of public projects do, on PostgreSQL %s', (version) => {
  let run: Checked;
  beforeAll(
    () =>
      withFiles(golangMigrate(cases), (folder) => {
        run = checked(folder, ['--all', '--postgres', version]);
      }),
    500_000,
  );

  it.each(cases)('is found in $name: $faults', ({ name, faults, says }) => {
    const judged = run.of(name);
    expect(
      judged.faults.map(({ code }) => code),
      JSON.stringify(judged, null, 1),
    ).toEqual(faults);
    if (says !== undefined) expect(JSON.stringify(judged.faults[0])).toContain(says);
  });
});
