import { describe, expect, it } from 'vitest';
import { findProjects } from '../../src/import/index.ts';
import { byId, idsOf, projectOf, repositoryOf } from './files.ts';

const cargo = '[dependencies]\nsqlx = { version = "0.8", features = ["runtime-tokio", "postgres"] }\n';

describe('sqlx', () => {
  it('reads single files and pairs by a 64-bit number, each in a transaction but for its own first line', async () => {
    const project = await projectOf({
      'server/Cargo.toml': cargo,
      'server/migrations/10_add_x.sql': '-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);',
      'server/migrations/9_b.up.sql': ' -- no-transaction\nSELECT 9;',
      'server/migrations/9_b.down.sql': 'SELECT -9;',
    });
    expect(project).toMatchObject({ tool: 'sqlx', folder: 'server/migrations', knownBy: 'sqlx in server/Cargo.toml' });
    expect(idsOf(project)).toEqual(['9', '10']);
    expect(byId(project, '9')).toMatchObject({
      name: '9_b',
      up: { send: 'transaction' },
      down: { text: 'SELECT -9;' },
    });
    expect(byId(project, '10')).toMatchObject({ up: { send: 'message' }, down: null });
  });

  it('knows a workspace, and the folder that sqlx.toml names', () => {
    const workspace = '[workspace.dependencies.sqlx]\nversion = "0.8"\nfeatures = ["postgres"]\n';
    const found = findProjects(
      repositoryOf({
        'Cargo.toml': workspace,
        'api/sqlx.toml': '[migrate]\nmigrations-dir = "./sql"\n',
        'api/sql/1_a.sql': '',
      }),
    );
    expect(found).toEqual([{ tool: 'sqlx', folder: 'api/sql', knownBy: 'migrations-dir in sqlx.toml' }]);
  });

  it('is not offered where the crate is for another database', () => {
    const sqlite = '[dependencies]\nsqlx = { version = "0.8", features = ["sqlite"] }\n';
    expect(
      findProjects(repositoryOf({ 'Cargo.toml': sqlite, 'migrations/1_a.sql': '' })).map(({ tool }) => tool),
    ).not.toContain('sqlx');
  });

  it('says what it skips, what it refuses, and which number is given twice', async () => {
    const project = await projectOf({
      'Cargo.toml': cargo,
      'migrations/1_a.sql': '',
      'migrations/01_b.sql': '',
      'migrations/x_c.sql': '',
      'migrations/d.sql': '',
    });
    expect(idsOf(project)).toEqual(['1', '1 1_a']);
    expect(project.warnings.map(({ file, text }) => `${file} ${text}`).join('\n')).toMatch(
      /d\.sql sqlx skips it.*\n.*x_c\.sql sqlx refuses.*\n.*1_a\.sql its version 1 is also that of 01_b/,
    );
  });
});
