import { describe, expect, it } from 'vitest';
import { type Rehearsal, rehearse } from '../../src/rehearsal/index.ts';
import { type Release } from '../../src/release/index.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';

interface Sql {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

const before = [
  'create table t (id integer primary key, a text, b text not null, n integer default 7, constraint t_a_key unique (a))',
  "insert into t select g, 'a' || g, 'b' || g, g from generate_series(1, 200) g",
  'create index t_b on t (b)',
  'create view v as select id, b from t where n > 3',
  "comment on view v is 'what people read'",
  'grant select on v to public',
  'create table gone (id integer generated always as identity primary key, w text, twice text generated always as (w || w) stored)',
  "insert into gone (w) select 'w' || g from generate_series(1, 30) g",
  "create function f(x integer) returns integer language sql set search_path = 'public' as 'select x + 1'",
  'create sequence s',
  "select setval('s', 100)",
  'alter table gone enable row level security',
  'create policy p on gone for select to public using (id > 3)',
];

async function rehearsed(sql: Sql, more: Partial<Release> = {}): Promise<Rehearsal> {
  return await withHost(before, async ({ host }) =>
    rehearse({ release: sealed([tier('1-x', sql)], more), host, owner: 'test', keep: 'never' }),
  );
}

/** The release as its author has it after doing what every fix says, in the order of the problems. */
function fixed({ up, down }: Sql, problems: Rehearsal['problems']): Sql {
  let corrected: Sql = { up, down };
  for (const { fix } of problems) {
    const first = /let up\.sql begin with: (.*?)(?:; let down|$)/.exec(fix)?.[1] ?? '';
    const last = /let down\.sql (?:run|end with): (.*)$/.exec(fix)?.[1] ?? '';
    expect(`${first}${last}`, fix).not.toBe('');
    const isKept = (sql: string): boolean => !fix.includes('rename it instead') || !/\bgone\b/.test(sql);
    // what a later problem says comes before what an earlier one said
    corrected = {
      up: [...statements(first), ...corrected.up.filter(isKept)],
      down: [...corrected.down.filter(isKept), ...statements(last)],
    };
  }
  return corrected;
}

const statements = (text: string): readonly string[] => text.split(/;(?:\s+|$)/).filter((one) => one !== '');

/** Several things that have nothing to do with each other are one release: each rehearsal makes clones. */
const cases: Readonly<Record<string, Sql & { readonly says: readonly RegExp[] }>> = {
  'a column that the up drops and the down does not add': {
    up: ['alter table t drop column n cascade'],
    down: ['select 1'],
    says: [/up\.sql:1 drops it, and its values are lost: keep them, or mark the tier `oneWay/],
  },
  'a NOT NULL column with an index; a policy': {
    up: ['alter table t drop column b cascade', 'drop policy p on gone'],
    down: ['select 1'],
    says: [/up\.sql:1 drops it.*keep them/, /create it again.*create policy p/],
  },
  'a column that the down adds again without its values; a sequence behind': {
    up: ['alter table t drop column a', "select setval('s', 5)"],
    down: ['alter table t add column a text constraint t_a_key unique'],
    says: [/up\.sql:1 drops a, and the values are lost/, /select setval\('public\.s', 101, false\)/],
  },
  'a table that the up drops; a function that loses its SET; an index': {
    up: [
      'drop table gone',
      "create or replace function f(x integer) returns integer language sql set search_path = 'public' as 'select x + 2'",
      'drop index t_b',
    ],
    down: ["create or replace function f(x integer) returns integer language sql as 'select x + 1'"],
    says: [/drops it: rename it instead/, /settings/, /create it again.*CREATE INDEX/],
  },
  'a table that the down makes again without its rows; a view without its privileges and comment': {
    up: ['drop table gone', 'drop view v'],
    down: [
      'create table gone (id integer generated always as identity primary key, w text, twice text generated always as (w || w) stored)',
      'alter table gone enable row level security',
      'create policy p on gone for select to public using (id > 3)',
      'create view v as select id, b from t where n > 3',
    ],
    says: [/rename it instead/, /restore what differs: comment, privileges/],
  },
  'an UPDATE and a DELETE that nothing undoes; what the up makes': {
    up: [
      "update t set b = 'x' where id > 150",
      "delete from gone where w like 'w1%'",
      'create table made (id integer)',
      'create function g() returns integer language sql as $$ select 1 $$',
      'create extension hstore',
    ],
    down: ['select 1'],
    says: [
      /updates rows, and their previous values are lost/,
      /deletes rows: keep them/,
      /up\.sql:1 makes it, and it remains.*drop table public\.made/,
    ],
  },
  'rows that the up inserts; a TRUNCATE; a constraint under another name': {
    up: [
      "insert into t values (501, 'x', 'y', 1), (502, 'xx', 'yy', 2)",
      'truncate gone',
      'alter table t drop constraint t_a_key',
    ],
    down: ['alter table t add constraint t_a_unique unique (a)'],
    says: [
      /inserts rows: let down\.sql delete them/,
      /empties it: keep its rows/,
      /rename constraint t_a_unique to t_a_key/,
    ],
  },
  'a unique constraint that comes back as an index; a view; a default': {
    up: ['alter table t drop constraint t_a_key', 'drop view v', 'alter table t alter column n drop default'],
    down: ['create unique index t_a_key on t (a)'],
    says: [/unique using index t_a_key/, /up\.sql:1 drops it: create it again/, /restore what differs: default/],
  },
};

describe('the fix of what a rollback does not restore', () => {
  it.each(Object.entries(cases))('works: %s', async (_what, { says, ...sql }) => {
    const failed = await rehearsed(sql);
    expect(failed.outcome).toBe('failed');
    const problems = failed.problems.filter(({ code }) => code === 'BACK_DIFFERS');
    for (const one of says) expect(problems.map(({ fix }) => fix).join('\n')).toMatch(one);
    const again = await rehearsed(fixed(sql, problems));
    expect(again.problems).toEqual([]);
    expect(again.proof?.logical).toBe('equal');
  });

  it('says that no down restores the order of columns', async () => {
    const { problems } = await rehearsed(
      {
        up: ['alter table t drop column a'],
        down: ['alter table t add column a text constraint t_a_key unique', "update t set a = 'a' || id"],
      },
      { requires: 'strict' },
    );
    expect(problems).toMatchObject([
      { code: 'BACK_DIFFERS', fix: expect.stringContaining('`requires: logical`') as string },
    ]);
  });

  it('blames the down where it drops what was there, or writes what no up writes', async () => {
    const { problems } = await rehearsed({
      up: ['select 1'],
      down: ['select 1', 'drop view v', "update t set b = 'z'"],
    });
    expect(problems.map(({ fix }) => fix)).toEqual([
      expect.stringContaining('down.sql:1 writes it, and no up.sql does'),
      expect.stringContaining('down.sql:1 drops it, and it existed before the release'),
    ]);
  });
});
