import { describe, expect, it } from 'vitest';
import { findPrograms } from '../../src/import/index.ts';
import { repositoryOf } from './files.ts';

const found = (files: Readonly<Record<string, string>>, below = ''): readonly string[] =>
  findPrograms(repositoryOf(files), below).map(({ tool, folder }) => `${tool} ${folder}`);

describe('migrations that are programs', () => {
  it.each([
    ['MikroORM', 'a/migrations/Migration20240101000000.ts', `import { Migration } from '@mikro-orm/migrations';`],
    ['TypeORM', 'a/migrations/1700000000000-users.ts', 'export class Users implements MigrationInterface {}'],
    ['Sequelize', 'a/migrations/20240101000000-users.js', 'module.exports = { up: (queryInterface) => {} };'],
    ['Knex', 'a/migrations/20240101000000_users.js', 'exports.up = (knex) => knex.schema.createTable();'],
    ['node-pg-migrate', 'a/migrations/1700000000000_users.js', 'exports.up = (pgm) => { pgm.createTable(); };'],
    ['Alembic', 'a/versions/1f2e_users.py', 'from alembic import op\n'],
    ['Django', 'a/migrations/0001_initial.py', 'class Migration(migrations.Migration):\n    pass\n'],
    ['Rails', 'db/migrate/20240101000000_users.rb', 'class Users < ActiveRecord::Migration[7.1]\nend\n'],
  ])('of %s are found', (tool, path, text) => {
    expect(found({ [path]: text })).toEqual([`${tool} ${path.slice(0, path.lastIndexOf('/'))}`]);
    expect(found({ [path]: 'another text' })).toEqual([]);
    expect(found({ [`x/${path}`]: text }, 'y')).toEqual([]);
  });
});
