import { describe, expect, it } from 'vitest';
import { findProjects } from '../../src/import/index.ts';
import { byId, idsOf, projectOf, repositoryOf } from './files.ts';

describe('numbered files of no tool', () => {
  it('come by number, and it says where names have another order', async () => {
    const project = await projectOf({
      'sql/migrations/10_c.sql': 'SELECT 10;',
      'sql/migrations/9_b.sql': 'SELECT 9;',
      'sql/migrations/V0001.A.up.sql': '',
      'sql/migrations/V0001.A.down.sql': 'SELECT 0;',
    });
    expect(project).toMatchObject({ tool: 'plain', folder: 'sql/migrations' });
    expect(idsOf(project)).toEqual(['V0001.A', '9_b', '10_c']);
    expect(byId(project, 'V0001.A').down?.text).toBe('SELECT 0;');
    expect(project.warnings.map(({ file }) => file)).toEqual(['sql/migrations/9_b.sql', 'sql/migrations/10_c.sql']);
  });

  it.each([
    ['1_a.up.sql', '1_a.down.sql'],
    ['1_a_up.sql', '1_a_down.sql'],
    ['1_a.sql', '1_a.rollback.sql'],
    ['1_a.sql', 'down/1_a.sql'],
    ['1_a/up.sql', '1_a/down.sql'],
    ['1_a/migration.sql', '1_a/rollback.sql'],
    ['1_add_index.up.sql', '1_add_indx.down.sql'],
  ])('know %s and %s for one migration', async (up, down) => {
    const project = await projectOf({
      [`migrations/${up}`]: 'UP',
      [`migrations/${down}`]: 'DOWN',
      'migrations/2_b.sql': 'B',
    });
    expect(project.migrations).toHaveLength(2);
    expect(project.migrations[0]).toMatchObject({ up: { text: 'UP' }, down: { text: 'DOWN' } });
    expect(project.migrations[1]).toMatchObject({ up: { text: 'B', send: 'message' }, down: null });
  });

  it('take a date with hyphens for one number', async () => {
    expect(
      idsOf(
        await projectOf({
          'migrations/20170101000000_b.sql': '',
          'migrations/2016-04-13-170549_a.sql': '',
          'migrations/2018-04-13-170549_c.sql': '',
        }),
      ),
    ).toEqual(['2016-04-13-170549_a', '20170101000000_b', '2018-04-13-170549_c']);
  });

  it('cannot be read where one direction is code or needs psql', async () => {
    const project = await projectOf({
      'migrations/1_a.up.sql': 'SELECT 1;',
      'migrations/1_a.down.go': 'package m',
      'migrations/2_b.sql': "SELECT 1;\n\\copy t from 'x'\n",
      'migrations/3_c.sql': "SELECT '\n\\not psql';",
      'migrations/4_d.sql': '-- no-transaction\nSELECT 1;',
    });
    expect(byId(project, '1_a').unreadable).toBe('it is written in Go');
    expect(byId(project, '2_b').unreadable).toContain('needs psql, on line 2');
    expect(byId(project, '3_c').unreadable).toBeNull();
    expect(byId(project, '4_d').up.send).toBe('statements');
  });

  it('are not offered beside a tool, for another database, or from tests where there are others', () => {
    const mysql = 'CREATE TABLE a (id int AUTO_INCREMENT) ENGINE=InnoDB;';
    const files = {
      'server/migrations/1_a.sql': 'CREATE TABLE a (id bigserial);',
      'server/testdata/migrations/1_a.sql': '',
      'legacy/migrations/1_a.sql': '',
      'other/migrations/1_a.sql': mysql,
      'other/migrations/2_b.sql': mysql,
    };
    expect(findProjects(repositoryOf(files)).map(({ folder }) => folder)).toEqual(['server/migrations']);
    expect(findProjects(repositoryOf(files), 'server/testdata').map(({ folder }) => folder)).toEqual([
      'server/testdata/migrations',
    ]);
    expect(
      findProjects(repositoryOf({ ...files, 'db/1_a.sql': '-- +goose Up\nSELECT 1;\n' })).map(({ tool }) => tool),
    ).toEqual(['goose']);
  });

  it('are all offered where two folders fit', () => {
    const files = { 'a/migrations/1_a.sql': '', 'b/migrations/1_a.sql': '' };
    expect(findProjects(repositoryOf(files)).map(({ folder }) => folder)).toEqual(['a/migrations', 'b/migrations']);
    expect(findProjects(repositoryOf(files), 'b').map(({ folder }) => folder)).toEqual(['b/migrations']);
  });
});
