import { describe, expect, it } from 'vitest';
import { oneroof } from '../cli/run.io.ts';
import { checked, golangMigrate, withFiles, type Written } from './repository.io.ts';

/** Clean and faulty ones, and roles, which belong to a whole server: whoever judges one must not leave its roles to the next. */
const history: readonly Written[] = [
  { name: 'a', up: 'create table a (id int primary key, n int);', down: 'drop table a;' },
  { name: 'role', up: 'create role worker;', down: 'drop role worker;' },
  { name: 'named', up: 'grant select on a to stranger;', down: 'revoke select on a from stranger;' },
  { name: 'lost', up: 'alter table a drop column n;', down: 'alter table a add column n int;' },
  { name: 'down_names', up: 'select 1;', down: 'grant select on a to passer; revoke select on a from passer;' },
  { name: 'index', up: 'create index a_id on a (id);', down: 'select 1;' },
  { name: 'on_rows', up: 'alter table a add column m int not null;', down: 'alter table a drop column m;' },
  { name: 'makes_passer', up: 'create role passer;', down: 'drop role passer;' },
  { name: 'last', up: 'alter table a add column x text;', down: 'alter table a drop column x;' },
];

/** What a check says, but for times. */
const said = (run: ReturnType<typeof checked>): unknown => ({
  ...run.result,
  milliseconds: 0,
  cached: 0,
  migrations: run.result.migrations.map((one) => ({ ...one, milliseconds: 0 })),
});

describe('oneroof check on several servers at a time', () => {
  it('says the same as on one, in the order of the migrations', { timeout: 600_000 }, () =>
    withFiles(golangMigrate(history), (folder) => {
      const one = checked(folder, ['--all', '--no-cache', '--jobs', '1']);
      expect(one.result.migrations.map(({ verdict }) => verdict)).toEqual([
        'clean',
        'clean',
        'clean',
        'data-lost',
        'clean',
        'empty-down',
        'up-fails-on-rows',
        'clean',
        'clean',
      ]);
      expect(said(checked(folder, ['--all', '--no-cache', '--jobs', '3']))).toEqual(said(one));
    }),
  );

  it('refuses a number of servers that is none', () => {
    for (const jobs of ['0', 'x', '1.5', '65']) {
      const { status, stderr } = oneroof(['check', '.', '--jobs', jobs]);
      expect([status, stderr]).toEqual([2, expect.stringContaining(`--jobs is ${jobs}`)]);
    }
  });
});
