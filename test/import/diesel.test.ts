import { describe, expect, it } from 'vitest';
import { byId, idsOf, projectOf } from './files.ts';

describe('diesel', () => {
  it('orders folders by version as text, without hyphens', async () => {
    const project = await projectOf({
      'diesel.toml': '[print_schema]\nfile = "src/schema.rs"\n',
      'migrations/2018-04-13-170549_a/up.sql': 'SELECT 1;',
      'migrations/2018-04-13-170549_a/down.sql': 'SELECT 2;',
      'migrations/20170101000000_b/up.sql': 'SELECT 3;',
      'migrations/00000000000000_diesel_initial_setup/up.sql': 'SELECT 0;',
      'migrations/.hidden/up.sql': '',
      'migrations/README.md': '',
    });
    expect(project).toMatchObject({ tool: 'diesel', folder: 'migrations', knownBy: 'diesel.toml', warnings: [] });
    expect(idsOf(project)).toEqual(['00000000000000', '20170101000000', '20180413170549']);
    expect(byId(project, '20180413170549')).toMatchObject({
      name: '2018-04-13-170549_a',
      down: { text: 'SELECT 2;', send: 'transaction' },
    });
    expect(byId(project, '20170101000000').down).toBeNull();
    expect(project.before).toContain('CREATE TABLE IF NOT EXISTS __diesel_schema_migrations');
  });

  it('takes metadata.toml as diesel does: without the key there is no transaction', async () => {
    const project = await projectOf({
      'Cargo.toml': '[dependencies.diesel]\nversion = "2"\nfeatures = ["postgres"]\n',
      'migrations/1_a/up.sql': 'SELECT 1;',
      'migrations/1_a/metadata.toml': 'run_in_transaction = false\n',
      'migrations/2_b/up.sql': 'SELECT 1;',
      'migrations/2_b/metadata.toml': '# nothing yet\n',
      'migrations/3_c/up.sql': 'SELECT 1;',
      'migrations/3_c/metadata.toml': 'run_in_transaction = true\n',
      'migrations/4_d/up.sql': 'SELECT 1;',
      'migrations/4_d/metadata.toml': 'this is no TOML\n',
    });
    expect(project.migrations.map(({ up }) => up.send)).toEqual(['message', 'message', 'transaction', 'transaction']);
  });

  it('refuses an empty up, names folders without one, and keeps one of two with a version', async () => {
    const project = await projectOf({
      'diesel.toml': '',
      'migrations/1_a/up.sql': '',
      'migrations/2_b/up.sql': 'SELECT 1;',
      'migrations/2_c/up.sql': 'SELECT 1;',
      'migrations/3_d/down.sql': '',
    });
    expect(byId(project, '1').unreadable).toContain('it is empty');
    expect(idsOf(project)).toEqual(['1', '2', '2 2_c']);
    expect(project.warnings.map(({ file }) => file)).toEqual(['migrations/2_c/up.sql', 'migrations/3_d']);
  });
});
