import { describe, expect, it } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { runSql } from '../database.io.ts';
import { expectSaid, valuesOf, withStory } from './story.io.ts';

const application = [
  'create table accounts (id integer primary key, name text)',
  "insert into accounts values (1, 'a'), (2, 'a')",
];
/** An attempt of last week that failed at the duplicate, and left its index. */
const production = {
  application,
  earlier: (database: Connection) =>
    expect(
      runSql(database, ['set role app_owner', 'create unique index concurrently accounts_name on accounts (name)']),
    ).rejects.toMatchObject({ code: '23505' }),
};
const time = { timeout: 300_000 };
const wanted = 'create unique index if not exists accounts_name on accounts (name);\n';
const told = { up: wanted, down: 'drop index if exists accounts_name;\n', touches: 'public.accounts' };
const concurrently = { ...told, up: wanted.replace('index', 'index concurrently') };

describe('an invalid index that IF NOT EXISTS takes for success', () => {
  it('is no error where it is run by hand, and the duplicates stay', time, () =>
    withStory(production, async ({ plain }) => {
      await plain([wanted], async (copy) => {
        expect(
          await valuesOf(copy, "select indisvalid from pg_index where indexrelid = 'accounts_name'::regclass"),
        ).toEqual(['f']);
        expect(await valuesOf(copy, "select count(*) from accounts where name = 'a'")).toEqual(['2']);
      });
    }),
  );

  it('is named by doctor before there is a release, with the two ways to remove it', time, () =>
    withStory(production, async ({ run }) => {
      const { stdout } = run('doctor');
      expect(stdout).toContain(
        'warning  database of production: index public.accounts_name of public.accounts is invalid: no query uses it, and CREATE INDEX IF NOT EXISTS takes it for the wanted one',
      );
      expect(stdout).toContain(
        'drop index concurrently public.accounts_name; -- or: reindex index concurrently public.accounts_name;',
      );
    }),
  );

  it('is refused by the seal where it is built concurrently, and named by the rehearsal where it is not', time, () =>
    withStory(production, async ({ seal, rehearse, run, plain }) => {
      expectSaid(
        seal({ ...concurrently, tier: 'transaction: each' }),
        3,
        'IF NOT EXISTS also succeeds with an invalid index [RULE_CONCURRENTLY]',
      );
      expectSaid(
        seal({ ...concurrently, tier: 'transaction: outside' }),
        3,
        'IF NOT EXISTS also succeeds with an invalid index [RULE_OUTSIDE]',
      );
      expectSaid(
        rehearse(told),
        1,
        'INDEX_INVALID: index public.accounts_name was invalid before the release, and IF NOT EXISTS accepts it as the wanted index',
        'drop index if exists public.accounts_name',
      );
      // the fix of doctor works: without it nothing is found any more
      await plain(['drop index concurrently public.accounts_name'], async (copy) =>
        expect(await valuesOf(copy, 'select count(*) from pg_index where not indisvalid')).toEqual(['0']),
      );
      expect(run('doctor').stdout).toContain('is invalid');
    }),
  );

  it('is shown with its definition where it is valid and another one', time, () =>
    withStory(
      { application: [...application, 'create index accounts_name on accounts (id)'] },
      async ({ rehearse, run, plain }) => {
        await plain([wanted], async (copy) =>
          expect(await valuesOf(copy, "select pg_get_indexdef('accounts_name'::regclass)")).toEqual([
            'CREATE INDEX accounts_name ON public.accounts USING btree (id)',
          ]),
        );
        expect(run('doctor').stdout).not.toContain('is invalid');
        const said =
          'statement 1 of 1-change made no index accounts_name, because there is one: CREATE INDEX accounts_name ON public.accounts USING btree (id)';
        expectSaid(rehearse({ ...told, down: 'select 1;\n' }), 0, `skipped       ${said}`);
        expectSaid(run('dossier', 'release'), 0, 'THINK: 1 statement did nothing', said);
      },
    ),
  );
});
