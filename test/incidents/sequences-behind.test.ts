import { describe, expect, it } from 'vitest';
import { expectSaid, valuesOf, withStory } from './story.io.ts';

/** Rows were restored with their identifiers, and no sequence was moved. */
const production = {
  application: [
    'create table accounts (id integer generated always as identity primary key, name text)',
    "insert into accounts overriding system value values (1, 'a'), (2, 'b')",
    'create table orders (id serial primary key, name text)',
    "insert into orders values (1, 'a'), (2, 'b')",
    'create sequence loose',
    `create table "it's" ("I d" integer primary key default nextval('loose'))`,
    `insert into "it's" values (1), (2)`,
    // in order: written by the application itself
    'create table fine (id serial primary key, name text)',
    "insert into fine (name) values ('a'), ('b')",
    // values that no unique index holds repeat without an error
    'create table notes (id serial, name text)',
    "insert into notes values (1, 'a')",
  ],
};
const time = { timeout: 300_000 };
const touches = 'public.accounts, public.orders, public.fine, "public.it\'s"';
const behind = (sequence: string, column: string): string =>
  `sequence public.${sequence} is behind public.${column}: it will give values that rows have already`;
const variants = [
  {
    table: 'accounts',
    column: 'accounts.id',
    sequence: 'accounts_id_seq',
    insert: "insert into accounts (name) values ('x')",
  },
  { table: 'orders', column: 'orders.id', sequence: 'orders_id_seq', insert: "insert into orders (name) values ('x')" },
  { table: `"it's"`, column: `"it's"."I d"`, sequence: 'loose', insert: `insert into "it's" default values` },
] as const;
const fixOf = ({ sequence, column, table }: (typeof variants)[number]): string =>
  `select setval('public.${sequence}', (select max(${column.slice(table.length + 1)}) from public.${table}));`;

describe('sequences that are behind after a restore', () => {
  it('let the next row of the application fail', time, () =>
    withStory(production, async ({ plain }) => {
      for (const { insert } of variants)
        await expect(plain([insert], () => Promise.resolve())).rejects.toMatchObject({ code: '23505' });
    }),
  );

  it('are named by doctor, each with a statement that moves it on, and no value of a row', time, () =>
    withStory(production, async ({ run, plain }) => {
      const { stdout } = run('doctor');
      for (const one of variants) {
        expect(stdout).toContain(`warning  database of production: ${behind(one.sequence, one.column)}`);
        expect(stdout).toContain(fixOf(one));
        await plain([fixOf(one), one.insert], async (copy) =>
          expect(await valuesOf(copy, `select count(*) from ${one.table}`)).toEqual(['3']),
        );
      }
      expect(stdout).not.toMatch(/fine_id_seq|notes_id_seq/);
    }),
  );

  it('are named by the rehearsal in which a statement meets one', time, () =>
    withStory(production, async ({ rehearse }) => {
      for (const one of variants)
        expectSaid(
          rehearse({ up: `${one.insert};\n`, down: 'select 1;\n', touches }),
          1,
          'SQL_FAILED: tiers/1-change/up.sql:1: duplicate key value violates unique constraint',
          `fix: ${behind(one.sequence, one.column)}`,
          fixOf(one),
        );
      // a duplicate of its own making is no sequence's fault
      const own = rehearse({ up: "insert into fine values (1, 'x');\n", down: 'select 1;\n', touches });
      expectSaid(own, 1, 'duplicate key value');
      expect(own.stdout).not.toContain('is behind');
    }),
  );

  it('are named before the approval where the release itself leaves one behind, and its fix is enough', time, () =>
    withStory(production, async ({ rehearse, run }) => {
      const told = { up: "insert into fine values (3, 'x');\n", down: 'delete from fine where id = 3;\n', touches };
      const said = behind('fine_id_seq', 'fine.id');
      const fix = "select setval('public.fine_id_seq', (select max(id) from public.fine));\n";
      expectSaid(rehearse(told), 0, `behind        ${said}; ${fix.trim()}`);
      expectSaid(run('dossier', 'release'), 0, `THINK: 1 sequence behind after the rollout [changes]`, said);
      expect(run('report', 'release', '--json').stdout).toContain(`Behind: ${said}`);
      expect(rehearse({ ...told, up: told.up + fix }).stdout).not.toContain('behind');
    }),
  );

  it('are found in the rows that a role may read, and nowhere else', time, () =>
    withStory(
      {
        ...production,
        before: [
          'revoke select on public.orders from oneroof_observer',
          'revoke select on sequence public.loose from oneroof_observer',
        ],
      },
      async ({ run }) => {
        expect(run('doctor').stdout.match(/is behind public\.\S+/g)).toEqual(['is behind public.accounts.id:']);
      },
    ),
  );
});
