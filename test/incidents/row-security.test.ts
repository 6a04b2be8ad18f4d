import { describe, expect, it } from 'vitest';
import { expectSaid, valuesOf, withStory } from './story.io.ts';

const rows = "(1, 'a'), (2, 'b')";
const tenant = (table: string): string =>
  `create policy tenant on ${table} using (name = current_setting('app.tenant', true))`;
const production = {
  application: [
    'create table accounts (id integer primary key, name text, region text)',
    `insert into accounts values ${rows}`,
    'alter table accounts enable row level security',
    'alter table accounts force row level security',
    tenant('accounts'),
    // as frameworks do, so that policies hold in their own functions
    "create function fill() returns void language plpgsql set row_security = on as $$ begin update accounts set region = 'eu'; end $$",
    'create table plain (id integer primary key, name text, region text)',
    `insert into plain values ${rows}`,
    'create table parts (id integer, name text) partition by range (id)',
    'create table parts_1 partition of parts for values from (0) to (100)',
    `insert into parts values ${rows}`,
    'create table archive (id integer, name text)',
  ],
};
/** A table of another team, whose policies hold for the role of a rollout. */
const foreign = [
  'create table public.team (id integer primary key, name text, region text)',
  `insert into public.team values ${rows}`,
  'alter table public.team enable row level security',
  tenant('public.team'),
  'grant all on public.team to app_owner',
];
const time = { timeout: 300_000 };
const touches = 'public.accounts, public.plain, public.parts, public.parts_1, public.team, public.archive';
const fill = (table: string): string => `update ${table} set region = 'eu' where region is null;\n`;
const empty = (table: string): string => `update ${table} set region = null where region = 'eu';\n`;
const release = (table: string) => ({ up: fill(table), down: empty(table), touches });

describe('row security that makes a backfill match no rows', () => {
  it('is no error where it is run by hand: the rows stay as they were', time, () =>
    withStory({ ...production, before: foreign }, async ({ plain }) => {
      for (const table of ['accounts', 'team'])
        await plain(['set role app_owner', 'set row_security = on', fill(table)], async (copy) =>
          expect(await valuesOf(copy, `select count(*) from ${table} where region is null`)).toEqual(['2']),
        );
    }),
  );

  it('is named with its table in the rehearsal, and the fix lets all rows be filled: forced on the owner', time, () =>
    withStory(production, async ({ rehearse, run }) => {
      expect(run('doctor').stdout).toContain(
        'row security keeps rows of public.accounts (forced) from oneroof_observer',
      );
      const [off, on] = [
        'alter table public.accounts no force row level security;',
        'alter table public.accounts force row level security;',
      ];
      expectSaid(
        rehearse(release('accounts')),
        1,
        'SQL_FAILED: tiers/1-change/up.sql:1: query would be affected by row-level security policy for table "accounts"',
        'fix: row security hides rows of public.accounts from app_owner, so the statement would change only some of them, or none',
        `begin the tier with: ${off} and end it with: ${on}`,
      );
      const fixed = rehearse({
        up: `${off}\n${fill('accounts')}${on}\n`,
        down: `${off}\n${empty('accounts')}${on}\n`,
        touches,
      });
      expectSaid(fixed, 0, 'PASSED');
      expectSaid(run('dossier', 'release'), 0, 'rows of public.accounts: 0 inserted, 2 updated');
      expect(fixed.stdout).not.toContain('changed no row');
    }),
  );

  it(
    'is named with its table in the rehearsal, and the fix lets all rows be filled: a table of another role',
    time,
    async () => {
      await withStory({ ...production, before: foreign }, async ({ rehearse }) =>
        expectSaid(
          rehearse(release('team')),
          1,
          'fix: row security hides rows of public.team from app_owner',
          'in production, as a superuser: alter table public.team owner to app_owner; (it is postgres)',
        ),
      );
      await withStory(
        { ...production, before: [...foreign, 'alter table public.team owner to app_owner'] },
        async ({ rehearse }) => expectSaid(rehearse(release('team')), 0, 'PASSED'),
      );
    },
  );

  it('is the reason beside a statement that changed no row: in a function that switches it on', time, () =>
    withStory(production, async ({ rehearse, run }) => {
      const said =
        'tiers/1-change/up.sql:1 changed no row, although public.accounts has rows: row security hides rows of it from the role that runs it';
      expectSaid(rehearse({ up: 'select fill();\n', down: 'select 1;\n', touches }), 0, `no row        ${said}`);
      expectSaid(run('dossier', 'release'), 0, 'THINK: 1 statement changed no row [changes]', said);
      expect(run('report', 'release', '--json').stdout).toContain(`Matched nothing: ${said}.`);
    }),
  );

  it('is not needed for a backfill to match nothing: each statement that changed no row is named', time, () =>
    withStory(production, async ({ rehearse }) => {
      const unmatched: readonly (readonly [sql: string, table: string])[] = [
        ["update plain set region = 'eu' where name = 'nobody';\n", 'plain'],
        // this one has no lock of its own, because the transaction has it already
        ['delete from plain where id = 99;\n', 'plain'],
        ["update parts set name = 'x' where id = 99;\n", 'parts'],
        ['insert into archive select id, name from plain where id = 99;\n', 'plain'],
        ['merge into plain p using archive a on p.id = a.id when matched then update set name = a.name;\n', 'plain'],
      ];
      // nothing is said of a table without rows, and of a statement that reads
      const silent = ["update archive set name = 'x';\n", 'do $$ begin perform * from plain; end $$;\n'];
      const told = { up: [...unmatched.map(([sql]) => sql), ...silent].join(''), down: 'select 1;\n', touches };
      const { status, stdout } = rehearse(told);
      expect(status, stdout).toBe(0);
      expect(stdout.match(/^no row +.*$/gm)?.map((line) => line.replace(/^no row +/, ''))).toEqual(
        unmatched.map(
          ([, table], n) => `tiers/1-change/up.sql:${n + 1} changed no row, although public.${table} has rows`,
        ),
      );
      const block = { ...told, up: 'do $$ begin delete from plain where id = 99; end $$;\n' };
      expectSaid(
        rehearse(block),
        0,
        'no row        tiers/1-change/up.sql:1 changed no row, although public.plain has rows',
      );
    }),
  );
});
