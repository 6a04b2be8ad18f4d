import { expect, it } from 'vitest';
import { checked, golangMigrate, withFiles } from './repository.io.ts';

const refers = (table: string): string =>
  `alter table ${table} add constraint fk foreign key (parent) references parents;`;
const files = golangMigrate([
  {
    name: 'begin',
    up: `create table parents (id text primary key);
${['sets', 'deletes', 'joins', 'other'].map((name) => `create table ${name} (id int primary key, parent text, note text);`).join('\n')}`,
    down: 'drop table sets, deletes, joins, other, parents;',
  },
  {
    name: 'sets',
    up: `update sets set parent = null where not exists (select from parents p where p.id = sets.parent);${refers('sets')}`,
    down: 'alter table sets drop constraint fk;',
  },
  {
    name: 'deletes',
    up: `delete from deletes where parent not in (select id from parents); ${refers('deletes')}`,
    down: 'alter table deletes drop constraint fk;',
  },
  {
    name: 'joins',
    up: `delete from joins where id in (select c.id from joins c left join parents p on p.id = c.parent where p.id is null and c.parent is not null); ${refers('joins')}`,
    down: 'alter table joins drop constraint fk;',
  },
  {
    name: 'other',
    up: `update other set note = 'x' where not exists (select from parents p where p.id = other.parent); ${refers('other')}`,
    down: 'alter table other drop constraint fk;',
  },
]);

it('an up that cleans up rows without a parent before it adds a foreign key meets such a row; another one does not', () =>
  withFiles(files, (folder) => {
    const run = checked(folder, ['--all', '--postgres', '18']);
    expect(run.of('sets').faults.map(({ cause }) => cause)).toEqual([
      'after up and down, public.sets.parent has lost its value in 1 row',
    ]);
    expect(run.of('deletes').faults.map(({ cause }) => cause)).toEqual([
      'after up and down, public.deletes lacks 1 row',
    ]);
    expect(run.of('joins').faults.map(({ cause }) => cause)).toEqual(['after up and down, public.joins lacks 1 row']);
    expect(run.of('other').faults.map(({ code }) => code)).not.toContain('up-fails-on-rows');
  }));
