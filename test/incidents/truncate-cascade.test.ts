import { describe, expect, it } from 'vitest';
import { expectSaid, valuesOf, withStory } from './story.io.ts';

const production = {
  application: [
    'create table accounts (id integer primary key, name text)',
    "insert into accounts values (1, 'a'), (2, 'b')",
    'create table orders (id integer primary key, account integer references accounts on delete cascade)',
    'insert into orders values (1, 1), (2, 2), (3, 2)',
    'create table items (id integer primary key, o integer references orders on delete cascade)',
    'insert into items values (1, 1)',
    'create table sites (id integer primary key) partition by range (id)',
    'create table sites_1 partition of sites for values from (0) to (100)',
    'insert into sites values (1)',
    'create table visits (site integer references sites)',
    'insert into visits values (1), (1)',
    'create function wipe() returns void language plpgsql as $$ begin truncate accounts cascade; end $$',
  ],
  before: [
    'create schema billing authorization app_owner',
    'set role app_owner',
    'create table billing.invoices (id integer primary key, account integer references public.accounts)',
    'insert into billing.invoices values (1, 1)',
    'reset role',
  ],
};
const time = { timeout: 300_000 };
const allowed = 'allows: { cascade: the accounts of the trial are removed }';

describe('a TRUNCATE … CASCADE that empties tables that no one named', () => {
  it('empties them where it is run by hand', time, () =>
    withStory(production, async ({ plain }) => {
      await plain(['truncate accounts cascade'], async (copy) => {
        const left = `select (select count(*) from ${['orders', 'items', 'billing.invoices'].join(') + (select count(*) from ')})`;
        expect(await valuesOf(copy, left)).toEqual(['0']);
      });
      await plain(['delete from accounts where id = 2'], async (copy) =>
        expect(await valuesOf(copy, 'select count(*) from orders')).toEqual(['1']),
      );
    }),
  );

  it('is refused by the seal, also in a DO block and in a function of the release', time, () =>
    withStory(production, async ({ seal }) => {
      const body = 'begin truncate accounts cascade; end';
      for (const up of [
        'truncate accounts cascade;\n',
        `do $$ ${body} $$;\n`,
        `create function clean() returns void language plpgsql as $$ ${body} $$;\nselect clean();\n`,
      ])
        expectSaid(
          seal({ up, down: 'select 1;\n', touches: 'public.accounts' }),
          3,
          'tiers/1-change/up.sql:1:1: CASCADE affects objects that the text does not name [RULE_CASCADE]',
          'allows: {cascade: …}',
        );
    }),
  );

  it('names each table in the rehearsal where the text does not hold it, or a reason was given', time, () =>
    withStory(production, async ({ rehearse }) => {
      const emptied = (table: string): string =>
        `TOUCHED_UNDECLARED: the release changes ${table}, which \`touches\` does not declare: all its rows removed by statement 1 of tier 1-change up`;
      const all = ['public.orders', 'public.items', 'billing.invoices'];
      const variants: readonly (readonly [up: string, tables: readonly string[]])[] = [
        ['truncate accounts cascade;\n', all],
        ['select wipe();\n', all],
        ["do $$ begin execute 'truncate acc' || 'ounts cas' || 'cade'; end $$;\n", all],
        ['truncate sites cascade;\n', ['public.visits', 'public.sites_1']],
      ];
      for (const [up, tables] of variants)
        expectSaid(
          rehearse({ up, down: 'select 1;\n', touches: 'public.accounts, public.sites', more: allowed }),
          1,
          ...tables.map(emptied),
          'BACK_DIFFERS: table public.',
          'which does not name it)',
        );
      expectSaid(
        rehearse({ up: 'delete from accounts where id = 2;\n', down: 'select 1;\n', touches: 'public.accounts' }),
        1,
        'the release changes public.orders, which `touches` does not declare: 2 rows deleted by statement 1 of tier 1-change up',
      );
    }),
  );

  it('is on the page of the approvers where all tables are declared, with the number of rows', time, () =>
    withStory(production, async ({ rehearse, run }) => {
      const told = {
        up: 'truncate visits, sites cascade;\n',
        down: 'insert into sites values (1);\ninsert into visits values (1), (1);\n',
        touches: 'public.sites, public.sites_1, public.visits',
        more: allowed,
      };
      const rows = 'public.sites_1: 1 rows (tiers/1-change/up.sql:1, which does not name it)';
      expectSaid(rehearse(told), 0, `emptied       ${rows}`, 'emptied       public.visits: 2 rows');
      expectSaid(run('dossier', 'release'), 0, 'THINK: 2 tables emptied [changes]: all rows are removed: ', rows);
      expect(run('report', 'release', '--json').stdout).toContain(`Emptied: ${rows}.`);
      // what is emptied and was empty before is not said
      expect(
        rehearse({
          ...told,
          up: 'create table n (i integer);\ntruncate n;\n',
          down: 'drop table n;\n',
          touches: 'public.n',
        }).stdout,
      ).not.toContain('emptied');
    }),
  );
});
