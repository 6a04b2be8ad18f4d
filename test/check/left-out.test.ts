import { beforeAll, describe, expect, it } from 'vitest';
import { type Checked, checked, golangMigrate, withFiles } from './repository.io.ts';

const all = {
  ...golangMigrate([
    { name: 'users', up: 'create table users (id int primary key, email text);', down: 'drop table users;' },
    { name: 'follows', up: 'alter table orders add note text;', down: 'alter table orders drop note;' },
    { name: 'rows', up: 'alter table users add nick text not null;', down: 'alter table users drop nick;' },
    { name: 'syntax', up: 'creat table x (id int);', down: 'drop table x;' },
    { name: 'alone', up: 'create table alone (id int);', down: 'drop table alone;' },
    { name: 'second', up: 'create table second (id int);', down: 'select pg_typeof(1);' },
  ]),
  'migrations/000001_orders.up.go': 'package migrations\n',
};
/** The same, with the first one in front of the one in Go. */
const files = Object.fromEntries(
  Object.entries(all).map(([path, text]) => [path.replace('000001_users', '000000_users'), text]),
);

describe('a migration after one that was not run', () => {
  let run: Checked;
  beforeAll(
    () =>
      withFiles(files, (folder) => {
        run = checked(folder, ['--all']);
      }),
    300_000,
  );

  it('is not blamed for what it lacks', () => {
    const { verdict, faults } = run.of('follows');
    expect(verdict).toBe('not-judged');
    expect(faults[0]?.cause).toContain('migrations/000001_orders.up.go:1');
    expect(faults[0]?.cause).toContain('relation "orders" does not exist');
  });

  it.each([
    ['its rows', 'rows', 'up-fails-on-rows'],
    ['its syntax', 'syntax', 'up-fails'],
    ['what its own first up left', 'second', 'schema-not-restored'],
    ['nothing', 'alone', 'clean'],
  ])('is blamed for %s', (_, name, verdict) => {
    expect(run.of(name).verdict).toBe(verdict);
  });

  it('names the fault of the second up too', () => {
    expect(run.of('second').faults.map(({ code }) => code)).toContain('up-fails-after-down');
  });
});

/** What was left out is SQL that can be read: names tell what it may have made. */
const readable = golangMigrate([
  { name: 'users', up: 'create table users (id int primary key, email text);', down: 'drop table users;' },
  {
    name: 'tool',
    up: 'alter table history add column note text; create table later (id int);',
    down: 'drop table later;',
  },
  { name: 'needs', up: 'alter table later add note text;', down: 'alter table later drop note;' },
  { name: 'chosen_name', up: 'alter table users drop constraint later_id_fkey;', down: 'select pg_typeof(1);' },
  { name: 'typo', up: 'create table pets (id int primary key);', down: 'drop table pet;' },
  {
    name: 'in_the_way',
    up: 'create table owners (id int primary key, pet int references pets);',
    down: 'drop table pets;',
  },
  {
    name: 'computed',
    up: `do $$ begin execute 'create table shops (id int, x typo)'; end $$;`,
    down: 'drop table shops;',
  },
  { name: 'unknown', up: 'create table stores (id int);', down: 'drop table store;' },
]);

it('is blamed for a name that nothing left out has, as far as that can be read', () =>
  withFiles(readable, (folder) => {
    const run = checked(folder, ['--all']);
    expect(Object.fromEntries(run.result.migrations.map(({ name, verdict }) => [name.slice(7), verdict]))).toEqual({
      users: 'clean',
      tool: 'up-fails',
      needs: 'not-judged',
      chosen_name: 'not-judged',
      typo: 'down-fails',
      in_the_way: 'down-fails',
      computed: 'up-fails',
      unknown: 'not-judged',
    });
  }));
