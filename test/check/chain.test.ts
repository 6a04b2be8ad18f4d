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

const begin: Written = {
  name: 'begin',
  up: 'create role app; create role other; create table t (id int primary key); grant select on t to app;',
  down: 'drop table t; drop role app, other;',
};
const dropped: readonly Written[] = [
  begin,
  {
    name: 'drops',
    up: 'drop owned by app; drop role if exists other, nobody, app;',
    down: 'create role app; create role other; grant select on t to app;',
  },
  {
    name: 'again',
    up: 'create role app; grant insert on t to app;',
    down: 'revoke insert on t from app; drop role app;',
  },
  { name: 'forgets', up: 'drop owned by app; drop role app;', down: 'create role app;' },
  { name: 'after', up: 'create role app; grant insert on t to app;', down: 'drop owned by app; drop role app;' },
  { name: 'busy', up: 'drop role app;', down: 'create role app;' },
  { name: 'block', up: 'drop owned by app; do $$ begin drop role app; end $$;', down: 'create role app;' },
];

it('a role that has rights before a migration can be dropped by it, as in a database that is alone', () =>
  withFiles(golangMigrate(dropped), (folder) => {
    const run = checked(folder, ['--all', '--postgres', '18']);
    expect(Object.fromEntries(run.result.migrations.map(({ name, verdict }) => [name.slice(7), verdict]))).toEqual({
      begin: 'clean',
      drops: 'clean',
      again: 'clean',
      forgets: 'schema-not-restored',
      after: 'clean',
      // the server says the same where the database is alone
      busy: 'up-fails',
      block: 'not-judged',
    });
    expect(run.of('forgets').faults[0]?.cause).toContain('gone: INSERT to app by');
    expect(run.result.history).toEqual([]);
    expect(run.stdout).not.toContain('oneroof_dropped');
  }));

const guarded: readonly Written[] = [
  {
    name: 'begin',
    up: `create table t (id int primary key, name text not null);
create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
create trigger kept after truncate on t for each statement execute function refuse();
alter table t enable always trigger kept;`,
    down: 'drop table t; drop function refuse();',
  },
  { name: 'once', up: 'create unique index one on t ((1));', down: 'drop index one;' },
  {
    name: 'as_it_was',
    up: `do $$ begin if (select tgenabled from pg_trigger where tgname = 'kept') <> 'A' then raise exception 'changed'; end if; end $$;
drop index one;`,
    down: 'create unique index one on t ((1));',
  },
];

it('tables whose rows break an up are emptied although a trigger refuses TRUNCATE, and it is as it was afterwards', () =>
  withFiles(golangMigrate(guarded), (folder) => {
    const run = checked(folder, ['--all', '--postgres', '18']);
    expect(run.of('once').verdict).toBe('up-fails-on-rows');
    expect(run.of('as_it_was').verdict).toBe('clean');
    expect(run.result.history).toEqual([]);
  }));
