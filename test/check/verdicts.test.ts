import { beforeAll, describe, expect, it } from 'vitest';
import { faultCodes } from '../../src/check/check-result.ts';
import { versions } from '../database.io.ts';
import { type Checked, checked, golangMigrate, withFiles, type Written } from './repository.io.ts';

/** A migration, and what is to be found: the codes of its faults, the gravest first. */
interface Expected extends Written {
  readonly faults: readonly string[];
  /** The line of the first fault. */
  readonly line?: number;
  /** What the first fault says. */
  readonly says?: string;
}

const users =
  'create table users (id bigint generated always as identity primary key, email text, score int not null);';

const cases: readonly Expected[] = [
  { name: 'begin', up: users, down: 'drop table users;', faults: [] },
  { name: 'clean', up: 'alter table users add nick text;', down: 'alter table users drop nick;', faults: [] },
  { name: 'no_down', up: 'create table n1 (id int);', faults: ['no-down'] },
  {
    name: 'comment_down',
    up: 'create table e1 (id int);',
    down: '-- nothing\n',
    faults: ['empty-down', 'up-fails-after-down'],
  },
  {
    name: 'select_1',
    up: 'create table e2 (id int);',
    down: 'select 1;',
    faults: ['empty-down', 'up-fails-after-down'],
  },
  { name: 'nothing_both_ways', up: '-- nothing', down: 'select 1;', faults: [] },
  {
    name: 'down_fails',
    up: 'create table f1 (id int);',
    down: 'drop table f1;\n\n  drop table missing;',
    faults: ['down-fails'],
    line: 3,
    says: 'table "missing" does not exist',
  },
  {
    name: 'index_left',
    up: 'create table i1 (id int);\ncreate table i2 (id int);',
    down: 'drop table i1;',
    faults: ['schema-not-restored', 'up-fails-after-down'],
    says: 'i2',
  },
  {
    name: 'column_lost',
    up: 'alter table users drop nick;',
    down: `alter table users add nick text default 'x';`,
    faults: ['schema-not-restored', 'data-changed'],
    says: 'public.users.nick',
  },
  {
    name: 'rows_lost',
    up: 'delete from users;',
    down: 'select pg_typeof(1);',
    faults: ['data-lost'],
    says: 'public.users lacks 8 rows',
  },
  {
    name: 'update_without_inverse',
    up: 'update users set score = 7;',
    down: 'update users set score = 8;',
    faults: ['data-changed'],
    says: 'public.users.score',
  },
  {
    name: 'order_only',
    up: 'alter table users drop email;',
    down: 'alter table users add email text;',
    faults: ['data-lost', 'column-order'],
    says: 'public.users.email has lost its value',
  },
  {
    name: 'order_of_empty',
    up: 'create table o (a int, b int);',
    down: 'drop table o;',
    faults: [],
  },
  {
    name: 'up_fails',
    up: 'create table u1 (id int);\ncreate table u2 (\n  id nosuchtype\n);',
    down: 'drop table u1;',
    faults: ['up-fails'],
    line: 3,
    says: 'type "nosuchtype" does not exist',
  },
  {
    name: 'needs_default',
    up: 'alter table users add must text not null;',
    down: 'alter table users drop must;',
    faults: ['up-fails-on-rows'],
    says: 'contains null values',
  },
  {
    name: 'with_default',
    up: `alter table users add may text not null default '';`,
    down: 'alter table users drop may;',
    faults: [],
  },
  { name: 'enum', up: `create type mood as enum ('sad');`, down: 'drop type mood;', faults: [] },
  {
    name: 'enum_value',
    up: `alter type mood add value 'ok';`,
    down: 'select pg_typeof(1);',
    faults: ['schema-not-restored', 'up-fails-after-down'],
    says: 'mood',
  },
  {
    name: 'concurrently_with_another',
    up: 'create index concurrently users_score on users (score);\nselect 1;',
    down: 'drop index users_score;',
    faults: ['needs-no-transaction'],
    line: 1,
  },
  {
    name: 'concurrently_alone',
    up: 'create index concurrently users_score_alone on users (score);',
    down: 'drop index users_score_alone;',
    faults: [],
  },
  // pairs: one that a single verdict finds, and its twin in which nothing is wrong
  { name: 'empty_down', up: 'create table if not exists p1 (id int);', down: 'select 1;', faults: ['empty-down'] },
  { name: 'empty_down_twin', up: 'create table if not exists p2 (id int);', down: 'drop table p2;', faults: [] },
  {
    name: 'schema_left',
    up: 'create table if not exists p3 (id int);',
    down: 'select pg_typeof(1);',
    faults: ['schema-not-restored'],
  },
  { name: 'schema_left_twin', up: 'create table if not exists p4 (id int);', down: 'drop table p4;', faults: [] },
  {
    name: 'to_move',
    up: `create table moved (id int primary key, a text, b text);
create sequence once start 2 maxvalue 2; create sequence often; create table marks (id bigint primary key, mark text);`,
    down: 'drop table moved, marks; drop sequence once, often;',
    faults: [],
  },
  {
    name: 'moved',
    up: 'alter table moved add c text; update moved set c = a; alter table moved drop a;',
    down: 'alter table moved add a text; update moved set a = c; alter table moved drop c;',
    faults: ['column-order'],
  },
  {
    name: 'moved_twin',
    up: 'alter table moved add d text; update moved set d = c; alter table moved drop c;',
    down: 'alter table moved add c text; update moved set c = d; alter table moved drop d;',
    faults: [],
  },
  {
    name: 'once',
    up: `insert into marks select -nextval('once'), 'mine';`,
    down: `delete from marks where lower(mark) = 'mine';`,
    faults: ['up-fails-after-down'],
    says: 'nextval: … [SQLSTATE 2200H]',
  },
  {
    name: 'once_twin',
    up: `insert into marks select -1000 - nextval('often'), 'ours';`,
    down: `delete from marks where lower(mark) = 'ours';`,
    faults: [],
  },
  {
    name: 'differs',
    up: `do $$ begin if nextval('often') % 2 = 0 then create table even (id int); else create table odd (id int); end if; end $$;`,
    down: 'drop table if exists even, odd;',
    faults: ['up-differs-after-down'],
  },
  {
    name: 'differs_twin',
    up: `do $$ begin if nextval('often') > 0 then create table even2 (id int); end if; end $$;`,
    down: 'drop table if exists even2;',
    faults: [],
  },
  { name: 'unjudged', up: 'create extension nowhere;', down: 'drop extension nowhere;', faults: ['not-judged'] },
  { name: 'unjudged_twin', up: 'create schema nowhere;', down: 'drop schema nowhere;', faults: [] },
  {
    name: 'concurrently_on_rows',
    up: 'create unique index concurrently users_score_once on users (score);',
    down: 'drop index users_score_once;',
    faults: ['up-fails-on-rows'],
    says: 'leaves the invalid index users_score_once behind',
  },
  {
    name: 'after_concurrently_on_rows',
    up: "do $$ begin if not (select indisvalid from pg_index where indexrelid = 'users_score_once'::regclass) then raise exception 'it is invalid'; end if; end $$;",
    down: 'select pg_typeof(1);',
    faults: [],
  },
];

it('has a migration for each verdict that nothing else finds', () => {
  const alone = new Set(cases.flatMap(({ faults }) => (faults.length === 1 ? faults : [])));
  expect([...alone].toSorted()).toEqual([...faultCodes].toSorted());
});

describe.each(versions)('the verdicts of oneroof check, on PostgreSQL %s', (version) => {
  let run: Checked;
  beforeAll(
    () =>
      withFiles(golangMigrate(cases), (folder) => {
        run = checked(folder, ['--all', '--postgres', version]);
      }),
    500_000,
  );

  it.each(cases)('finds $faults in $name', ({ name, faults, line, says }) => {
    const judged = run.of(name);
    expect(
      judged.faults.map(({ code }) => code),
      JSON.stringify(judged, null, 1),
    ).toEqual(faults);
    const [first] = judged.faults;
    expect(judged.verdict).toBe(first?.code ?? 'clean');
    if (line !== undefined) expect(first?.spot.line).toBe(line);
    if (says !== undefined) expect([first?.cause, ...(first?.detail ?? [])].join('\n')).toContain(says);
  });

  it('fails, and names its tool and what it was known by', () => {
    expect([run.status, run.result.outcome, run.result.project.tool]).toEqual([1, 'failed', 'golang-migrate']);
    expect(run.result.project.knownBy).toContain('go.mod');
    expect(run.result.server.version).toMatch(new RegExp(`^${version}\\.`));
  });
});
