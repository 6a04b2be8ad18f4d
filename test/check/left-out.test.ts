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
