import { expect, it } from 'vitest';
import { versions } from '../database.io.ts';
import { checked, golangMigrate, withFiles } from './repository.io.ts';

const files = golangMigrate([
  {
    name: 'begin',
    up: 'create table t (id int primary key, a text not null, b text not null, c text constraint mine not null);',
    down: 'drop table t;',
  },
  { name: 'renames', up: 'alter table t rename to u;', down: 'alter table u rename to t;' },
  // from 18 on it is named after the table's new name
  { name: 'same', up: 'alter table u alter a drop not null;', down: 'alter table u alter a set not null;' },
  { name: 'mine', up: 'alter table u alter c drop not null;', down: 'alter table u alter c set not null;' },
  { name: 'forgets', up: 'alter table u alter b drop not null, add d int;', down: 'alter table u drop d;' },
]);

it.each(versions)('a NOT NULL is the same whatever name PostgreSQL chose for it (%s)', (version) =>
  withFiles(files, (folder) => {
    const run = checked(folder, ['--all', '--postgres', version]);
    const named = Number(version) >= 18;
    expect(run.of('same').faults).toEqual([]);
    expect(run.of('mine').faults.map(({ cause }) => cause)).toEqual(
      named ? [expect.stringContaining('public.u.mine has another name: u_c_not_null')] : [],
    );
    // the column tells more than the constraint
    expect(run.of('forgets').faults.map(({ cause }) => cause)).toEqual([
      expect.stringContaining('column public.u.b: notNull: true → false'),
    ]);
  }),
);
