import { describe, expect, it } from 'vitest';
import { byId, idsOf, projectOf, repositoryOf } from './files.ts';
import { findProjects } from '../../src/import/index.ts';

const goMod = 'module example.org/shop\n\nrequire (\n\tgithub.com/golang-migrate/migrate/v4 v4.18.1\n)\n';

describe('golang-migrate', () => {
  it('orders by number, and sends each file as one message', async () => {
    const project = await projectOf({
      'go.mod': goMod,
      'db/migrations/10_c.up.sql': 'SELECT 10;',
      'db/migrations/9_b.up.sql': 'SELECT 9;',
      'db/migrations/9_b.down.sql': 'SELECT -9;',
      'db/migrations/000001_a.up.sql': 'CREATE INDEX CONCURRENTLY i ON t (a);',
    });
    expect(project).toMatchObject({ tool: 'golang-migrate', folder: 'db/migrations', warnings: [] });
    expect(project.knownBy).toBe('golang-migrate/migrate in go.mod');
    expect(idsOf(project)).toEqual(['1', '9', '10']);
    const nine = { file: 'db/migrations/9_b.up.sql', line: 1, text: 'SELECT 9;', send: 'message' };
    expect(byId(project, '9')).toMatchObject({ name: '9_b', up: nine, down: { text: 'SELECT -9;' }, unreadable: null });
    expect(byId(project, '1').down).toBeNull();
  });

  it('pairs by number, not by name, and takes a missing up for an empty step', async () => {
    const project = await projectOf({
      'go.mod': goMod,
      'm/1_a.up.sql': 'A',
      'm/1_b.down.sql': 'B',
      'm/2_c.down.sql': 'C',
    });
    expect(byId(project, '1')).toMatchObject({ up: { text: 'A' }, down: { text: 'B' } });
    expect(byId(project, '2')).toMatchObject({
      up: { text: '', file: 'm/2_c.down.sql' },
      down: { text: 'C' },
      unreadable: null,
    });
  });

  it('cannot read a number that is given twice, and says of which file', async () => {
    const project = await projectOf({
      'go.mod': goMod,
      'm/1_a.up.sql': '',
      'm/2_b.up.sql': '',
      'm/02_c.up.sql': '',
      'm/02_c.down.sql': '',
    });
    expect(new Set(idsOf(project)).size).toBe(3);
    expect(project.migrations.map(({ unreadable }) => unreadable === null)).toEqual([true, true, false]);
    expect(project.warnings).toHaveLength(1);
    expect(byId(project, '2 2_b').unreadable).toContain('also that of 02_c');
  });

  it('is not the tool of a folder in which many files share a number', () => {
    const files = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`m/0_${name}.up.sql`, '']));
    expect(findProjects(repositoryOf({ ...files, 'go.mod': goMod })).map(({ tool }) => tool)).not.toContain(
      'golang-migrate',
    );
  });

  it('keeps migrations in Go in their place, and names what it skips', async () => {
    const project = await projectOf({
      'go.mod': goMod,
      'm/1_a.up.sql': '',
      'm/2_b.up.go': '',
      'm/3_c.up.sql': '',
      'm/seed.sql': '',
      [`m/${2n ** 64n}_x.up.sql`]: '',
    });
    expect(idsOf(project)).toEqual(['1', '2', '3']);
    expect(byId(project, '2').unreadable).toBe('it is written in Go');
    expect(project.warnings.map(({ file }) => file)).toEqual([`m/${2n ** 64n}_x.up.sql`, 'm/seed.sql']);
  });

  it('sends statements alone where the project says x-multi-statement, and refuses what that cuts in two', async () => {
    const project = await projectOf({
      'go.mod': goMod,
      Makefile: 'up:\n\tmigrate -path m -database "$(DB)?x-multi-statement=true" up\n',
      'm/1_a.up.sql': 'SELECT 1; SELECT 2;',
      'm/2_b.up.sql': "SELECT 1;\nSELECT 'a;b';",
      'm/3_c.up.sql': '-- one; two\nSELECT 1;',
    });
    expect(byId(project, '1')).toMatchObject({ up: { send: 'statements' }, unreadable: null });
    expect(byId(project, '2').unreadable).toContain('inside a string, on line 2');
    expect(byId(project, '3').unreadable).toContain('inside a comment, on line 1');
  });

  it('offers the folder for PostgreSQL beside those for others, and none for another database alone', () => {
    const files = { 'go.mod': goMod, 'm/sqlite/1_a.up.sql': '', 'm/mysql/1_a.up.sql': '' };
    expect(findProjects(repositoryOf({ ...files, 'm/postgres/1_a.up.sql': '' })).map(({ folder }) => folder)).toEqual([
      'm/postgres',
    ]);
    expect(findProjects(repositoryOf(files))).toEqual([]);
  });

  it('sends line ends and a byte order mark as they are in the file', async () => {
    const project = await projectOf({ 'go.mod': goMod, 'm/1_a.up.sql': '\uFEFFSELECT 1;\r\nSELECT 2;\r\n' });
    expect(byId(project, '1').up.text).toBe('\uFEFFSELECT 1;\r\nSELECT 2;\r\n');
  });
});
