import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newest } from '../database.io.ts';
import { checked, golangMigrate, withFiles, type Written } from './repository.io.ts';

const verdicts = (run: ReturnType<typeof checked>): readonly string[] =>
  run.result.migrations.map(({ verdict }) => verdict);

/** It runs where it is judged, and not where the base goes past it, as with a server that has no room for a moment. */
const passing: readonly Written[] = [
  { name: 'begin', up: 'create table t (id int primary key);', down: 'drop table t;' },
  {
    name: 'once',
    up: `do $$ begin if current_database() = 'oneroof_base' then raise exception 'not here'; end if; end $$; create table made (id int);`,
    down: 'drop table made;',
  },
  { name: 'after', up: 'create table if not exists t2 (id int);', down: 'drop table t2;' },
];

it.each(newest)('what a base went past without a migration is told, fails, and is not kept (%s)', (version) =>
  withFiles(golangMigrate(passing), (folder) =>
    withFiles({}, (cache) => {
      const run = checked(folder, ['--all', '--postgres', version, '--cache', cache]);
      expect(verdicts(run)).toEqual(['clean', 'clean', 'clean']);
      expect([run.status, run.result.outcome]).toEqual([1, 'failed']);
      expect(run.result.history.map(({ code, spot }) => [code, spot.file])).toEqual([
        ['up-fails', join('migrations', '000002_once.up.sql')],
      ]);
      // the first two were judged on a base that had everything
      expect(readdirSync(cache)).toHaveLength(2);
      const again = checked(folder, ['--all', '--postgres', version, '--cache', cache]);
      expect([again.result.cached, again.result.outcome]).toEqual([2, 'failed']);
    }),
  ),
);

const roles: readonly Written[] = [
  {
    name: 'begin',
    up: 'create role app; create role other; create table t (id int); grant select on t to app;',
    down: 'drop table t; drop role app, other;',
  },
  {
    name: 'rename',
    up: 'alter role app rename to app_user; create table x (id int);',
    down: 'drop table x; alter role app_user rename to app;',
  },
  { name: 'after', up: 'grant select on x to app_user;', down: 'revoke select on x from app_user;' },
  {
    name: 'swap',
    up: 'alter role app_user rename to passing; alter role other rename to app_user; alter role passing rename to other;',
    down: 'alter role app_user rename to passing; alter role other rename to app_user; alter role passing rename to other;',
  },
  {
    name: 'takes_the_name',
    up: 'alter role other rename to third; create role other;',
    down: 'drop role other; alter role third rename to other;',
  },
  {
    name: 'last',
    up: 'grant select on x to third, other, app_user;',
    down: 'revoke select on x from third, other; revoke select on x from app_user; grant select on x to other;',
  },
];

it('roles that a judged migration renames have their names again', () =>
  withFiles(golangMigrate(roles), (folder) => {
    const run = checked(folder, ['--all', '--postgres', '18', '--jobs', '1']);
    expect(run.result.history).toEqual([]);
    expect(verdicts(run).slice(0, 5), JSON.stringify(run.result.migrations, null, 1)).toEqual(Array(5).fill('clean'));
    expect(run.of('last').faults.filter(({ code }) => code === 'not-judged' || code === 'up-fails')).toEqual([]);
  }));
