import { beforeAll, describe, expect, it } from 'vitest';
import { versions } from '../database.io.ts';
import { type Checked, checked, goose, withFiles } from './repository.io.ts';

/** An up, and the hazards that are to be found in it. Each has the safe form beside it, which raises none. */
interface Dangerous {
  readonly name: string;
  readonly up: string;
  readonly down: string;
  readonly hazards: readonly string[];
  readonly safer?: string;
  /** goose runs it without a transaction. */
  readonly alone?: true;
}

const tables = [
  'create table parents (id int primary key, name text);',
  'create table users (id int primary key, email text, age int, parent int, gone text, extra int);',
  'create view mails as select email from users;',
  'create table empty_one (id int, a text); create function refuse() returns trigger language plpgsql as $$ begin return null; end $$;',
  'create trigger stay_empty before insert on empty_one for each row execute function refuse();',
].join('\n');

const cases: readonly Dangerous[] = [
  {
    name: 'index',
    up: 'create index users_email on users (email);',
    down: 'drop index users_email;',
    hazards: ['index-blocks-writes'],
    safer: 'create index concurrently users_email on users (email);',
  },
  {
    name: 'index_safe',
    alone: true,
    up: 'create index concurrently users_age on users (age);',
    down: 'drop index users_age;',
    hazards: ['leaves-invalid-index'],
    safer: 'drop index concurrently if exists "users_age";\ncreate index concurrently users_age on users (age);',
  },
  {
    name: 'index_cleared',
    alone: true,
    up: 'drop index concurrently if exists users_age_2;\ncreate index concurrently users_age_2 on users (age);',
    down: 'drop index users_age_2;',
    hazards: [],
  },
  {
    name: 'index_if_not_there',
    alone: true,
    up: 'CREATE INDEX CONCURRENTLY IF NOT EXISTS users_age_3 ON users (age);',
    down: 'drop index users_age_3;',
    hazards: ['leaves-invalid-index'],
    safer: 'DROP INDEX CONCURRENTLY IF EXISTS "users_age_3";\nCREATE INDEX CONCURRENTLY users_age_3 ON users (age);',
  },
  { name: 'index_of_empty', up: 'create index e on empty_one (id);', down: 'drop index e;', hazards: [] },
  {
    name: 'index_of_own',
    up: 'create table own (id int); insert into own values (1); create index o on own (id);',
    down: 'drop table own;',
    hazards: [],
  },
  {
    name: 'rewrite',
    up: 'alter table users alter age type bigint;',
    down: 'alter table users alter age type int;',
    hazards: ['rewrites-table'],
  },
  {
    name: 'rewrite_safe',
    up: 'alter table users alter gone type varchar;',
    down: 'alter table users alter gone type text;',
    hazards: [],
  },
  {
    name: 'volatile_default',
    up: 'alter table users add token text default random()::text;',
    down: 'alter table users drop token;',
    hazards: ['rewrites-table'],
  },
  {
    name: 'constant_default',
    up: `alter table users add flag text default 'a';`,
    down: 'alter table users drop flag;',
    hazards: [],
  },
  {
    name: 'check',
    up: 'alter table users add constraint positive check (id <> -1);',
    down: 'alter table users drop constraint positive;',
    hazards: ['scans-table'],
    safer: 'alter table public.users validate constraint positive;',
  },
  {
    name: 'check_safe',
    up: 'alter table users add constraint c2 check (id <> -1) not valid;',
    down: 'alter table users drop constraint c2;',
    hazards: [],
  },
  {
    name: 'check_validated',
    up: 'alter table users add constraint c3 check (id <> -1) not valid;\nalter table users validate constraint c3;',
    down: 'alter table users drop constraint c3;',
    alone: true,
    hazards: [],
  },
  {
    name: 'foreign_key',
    up: 'alter table users add constraint fk foreign key (parent) references parents;',
    down: 'alter table users drop constraint fk;',
    hazards: ['scans-table'],
  },
  {
    name: 'foreign_key_safe',
    up: 'alter table users add constraint fk2 foreign key (parent) references parents not valid;',
    down: 'alter table users drop constraint fk2;',
    hazards: [],
  },
  {
    name: 'unique',
    up: 'alter table users add constraint u unique (id, email);',
    down: 'alter table users drop constraint u;',
    hazards: ['index-blocks-writes'],
    safer: 'alter table public.users add constraint u unique using index u;',
  },
  {
    name: 'unique_safe',
    alone: true,
    up: 'create unique index concurrently u2 on users (id, email);\nalter table users add constraint u2 unique using index u2;',
    down: 'alter table users drop constraint u2;',
    hazards: ['leaves-invalid-index'],
  },
  { name: 'ages', up: 'update users set age = 1, extra = 1;', down: '', hazards: ['updates-all-rows'] },
  {
    name: 'not_null',
    up: 'alter table users alter age set not null;',
    down: 'alter table users alter age drop not null;',
    hazards: ['not-null-scans'],
    safer: 'alter table public.users alter column age set not null;',
  },
  {
    name: 'not_null_safe',
    alone: true,
    up: 'alter table users add constraint nn check (extra is not null) not valid;\nalter table users validate constraint nn;\nalter table users alter extra set not null;\nalter table users drop constraint nn;',
    down: 'alter table users alter extra drop not null;',
    hazards: [],
  },
  {
    name: 'drop_of_empty',
    up: 'alter table empty_one drop a;',
    down: 'alter table empty_one add a text;',
    hazards: [],
  },
  {
    name: 'drop_column',
    up: 'alter table users drop gone;',
    down: 'alter table users add gone text;',
    hazards: ['drops-column'],
  },
  {
    name: 'drop_cascade',
    up: 'alter table users drop email cascade;',
    down: 'select 1;',
    hazards: ['drops-column', 'drops-others'],
  },
  {
    name: 'drop_own',
    up: 'create view v1 as select 1 as a; create view v2 as select a from v1; drop view v1 cascade;',
    down: 'select 1;',
    hazards: [],
  },
  {
    name: 'in_a_function',
    up: '-- +goose StatementBegin\ndo $$ begin alter table users add constraint c9 check (id <> -2); end $$;\n-- +goose StatementEnd',
    down: 'alter table users drop constraint c9;',
    hazards: ['scans-table'],
  },
  { name: 'drop_table', up: 'drop table users;', down: 'select 1;', hazards: ['drops-table'] },
  { name: 'drop_empty_table', up: 'drop table empty_one;', down: 'select 1;', hazards: [] },
];

describe.each(versions)('the hazards of oneroof check, on PostgreSQL %s', (version) => {
  let run: Checked;
  beforeAll(
    () =>
      withFiles(
        goose([
          {
            name: 'tables',
            up: tables.replace(/(create table empty_one[^]*)$/, '-- +goose StatementBegin\n$1\n-- +goose StatementEnd'),
          },
          ...cases.map(({ name, up, down, alone }) => ({
            name,
            // the directive belongs to the file, before its first block
            up: alone === true ? `-- +goose NO TRANSACTION\n${up}` : up,
            down,
          })),
        ]),
        (folder) => {
          run = checked(folder, ['--from', '2', '--postgres', version]);
        },
      ),
    500_000,
  );

  it.each(cases)('finds $hazards in $name', ({ name, hazards, safer }) => {
    const judged = run.of(name);
    expect(judged.onRows, JSON.stringify(judged.faults)).toBe(true);
    expect(judged.hazards.map(({ code }) => code).toSorted(), JSON.stringify(judged, null, 1)).toEqual(hazards);
    if (safer !== undefined) expect(judged.hazards.map((one) => one.safer).join()).toContain(safer);
  });

  it('warns where a second run takes an invalid index for done, and notes where it fails', () => {
    expect(run.of('index_if_not_there').hazards[0]).toMatchObject({
      level: 'warning',
      measured: expect.stringContaining('IF NOT EXISTS takes that for done'),
    });
    expect(run.of('index_safe').hazards[0]).toMatchObject({ level: 'note' });
  });

  it('names the strongest lock of each table', () => {
    expect(run.of('index_safe').locks).toEqual([
      { relation: 'public.users', mode: 'SHARE UPDATE EXCLUSIVE', production: null },
    ]);
    expect(run.of('index').locks).toContainEqual({ relation: 'public.users', mode: 'SHARE', production: null });
    expect(run.of('check_safe').locks).toContainEqual({
      relation: 'public.users',
      mode: 'ACCESS EXCLUSIVE',
      production: null,
    });
  });

  it('says what was measured, where', () => {
    const [found] = run.of('drop_column').hazards;
    expect(found).toMatchObject({
      level: 'warning',
      relation: 'public.users',
      statement: 'alter table users drop gone',
    });
    expect(found?.measured).toMatch(/drops column gone, which has a value in \d rows? here/);
    expect(run.of('drop_cascade').hazards.find(({ code }) => code === 'drops-others')?.measured).toContain('mails');
  });
});
