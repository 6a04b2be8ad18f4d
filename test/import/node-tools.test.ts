import { describe, expect, it } from 'vitest';
import { findProjects } from '../../src/import/index.ts';
import { byId, idsOf, projectOf, repositoryOf } from './files.ts';

const lock = { 'prisma/migrations/migration_lock.toml': 'provider = "postgresql"\n' };

describe('Prisma', () => {
  it('orders folders by name, and has a down only where a person wrote one', async () => {
    const project = await projectOf({
      ...lock,
      'prisma/migrations/20240102000000_b/migration.sql': 'B',
      'prisma/migrations/20240101000000_a/migration.sql': 'A',
      'prisma/migrations/20240101000000_a/down.sql': 'D',
      'prisma/migrations/20240103000000_c/README.md': '',
    });
    expect(project).toMatchObject({ tool: 'prisma', folder: 'prisma/migrations' });
    expect(idsOf(project)).toEqual(['20240101000000_a', '20240102000000_b']);
    expect(byId(project, '20240101000000_a')).toMatchObject({
      up: { text: 'A', send: 'message' },
      down: { text: 'D' },
    });
    expect(byId(project, '20240102000000_b').down).toBeNull();
    expect(project.warnings.map(({ file }) => file)).toEqual(['prisma/migrations/20240103000000_c']);
  });

  it.each([
    ['^7.4.0', 'statements'],
    ['8.0.1', 'statements'],
    ['~7.3.9', 'message'],
    ['6.1.0', 'message'],
  ])('of version %s sends %s', async (version, send) => {
    const project = await projectOf({
      ...lock,
      'package.json': JSON.stringify({ devDependencies: { prisma: version } }),
      'prisma/migrations/20240101000000_a/migration.sql': '',
    });
    expect(project.migrations[0]?.up.send).toBe(send);
  });

  it('is not offered for another database', () => {
    expect(
      findProjects(
        repositoryOf({
          'prisma/migrations/migration_lock.toml': 'provider = "mysql"\n',
          'prisma/migrations/20240101000000_a/migration.sql': 'A',
        }),
      ).map(({ tool }) => tool),
    ).not.toContain('prisma');
  });
});

describe('Drizzle', () => {
  const journal = (dialect: string, entries: readonly [string, number][]): string =>
    JSON.stringify({
      version: '7',
      dialect,
      entries: entries.map(([tag, when], idx) => ({ idx, version: '7', when, tag, breakpoints: true })),
    });

  it('takes the order of its journal, and says what it never runs', async () => {
    const project = await projectOf({
      'drizzle/meta/_journal.json': journal('postgresql', [
        ['0001_z', 5],
        ['0000_a', 3],
        ['0002_gone', 9],
      ]),
      'drizzle/0000_a.sql': 'A',
      'drizzle/0001_z.sql': 'Z;\n--> statement-breakpoint\nY;',
      'drizzle/0003_new.sql': '',
    });
    expect(project).toMatchObject({ tool: 'drizzle', folder: 'drizzle' });
    expect(idsOf(project)).toEqual(['0001_z', '0000_a', '0002_gone']);
    expect(byId(project, '0001_z')).toMatchObject({ up: { send: 'transaction' }, down: null, unreadable: null });
    expect(byId(project, '0002_gone').unreadable).toBe('drizzle/0002_gone.sql is missing');
    expect(project.warnings.map(({ file }) => file)).toEqual(['drizzle/0003_new.sql', 'drizzle/0000_a.sql']);
  });

  it('of 1.0 takes folders by name, and neither is offered for another database', async () => {
    const project = await projectOf({
      'drizzle/20240102000000_b/migration.sql': '',
      'drizzle/20240102000000_b/snapshot.json': '{"dialect":"postgres"}',
      'drizzle/20240101000000_a/migration.sql': '',
      'drizzle/20240101000000_a/snapshot.json': '{"dialect":"postgres"}',
    });
    expect([project.tool, ...idsOf(project)]).toEqual(['drizzle', '20240101000000_a', '20240102000000_b']);
    expect(
      findProjects(
        repositoryOf({ 'drizzle/meta/_journal.json': journal('sqlite', [['0000_a', 1]]), 'drizzle/0000_a.sql': '' }),
      ).map(({ tool }) => tool),
    ).not.toContain('drizzle');
  });
});

describe('node-pg-migrate', () => {
  it('orders by time, whatever form it has, and keeps code in its place', async () => {
    const project = await projectOf({
      'package.json': '{"dependencies":{"node-pg-migrate":"^8.0.0"}}',
      'migrations/1704067200001_b.sql': '-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;\n',
      'migrations/20240101000000000_a.sql': 'SELECT 0;\n',
      'migrations/1704067200002_c.ts': '',
    });
    expect(project).toMatchObject({ tool: 'node-pg-migrate', knownBy: 'node-pg-migrate in package.json' });
    expect(idsOf(project)).toEqual(['20240101000000000_a', '1704067200001_b', '1704067200002_c']);
    expect(byId(project, '1704067200001_b')).toMatchObject({
      up: { line: 1, text: '-- Up Migration\nSELECT 1;\n'.trimEnd() + '\n' },
      down: { line: 3, text: '-- Down Migration\nSELECT 2;\n' },
    });
    expect(byId(project, '20240101000000000_a').down).toBeNull();
    expect(byId(project, '1704067200002_c').unreadable).toBe('it is written in TypeScript');
  });
});

describe('graphile-migrate', () => {
  const file = (previous: string, hash: string, body: string): string =>
    `--! Previous: ${previous}\n--! Hash: ${hash}\n--! Message: m\n\n${body}`;

  it('reads its chain with placeholders, and begins where the header ends', async () => {
    const project = await projectOf({
      '.gmrc': '{\n  // a comment\n  "placeholders": { ":ROLE": "app", ":SECRET": "!ENV", },\n}\n',
      'migrations/committed/000001-a.sql': file('-', 'sha1:a', 'GRANT x TO :ROLE;'),
      'migrations/committed/000002.sql': file('sha1:a', 'sha1:b', '--! no-transaction\nSELECT 1;'),
      'migrations/committed/000003.sql': file('sha1:b', 'sha1:c', "SELECT ':SECRET';"),
      'migrations/committed/000004.sql': file('sha1:x', 'sha1:d', 'SELECT 1;'),
      'migrations/committed/000005.sql': file('sha1:d', 'sha1:e', 'SELECT 1;').replaceAll('\n', '\r\n'),
      'migrations/current.sql': '',
    });
    expect(project).toMatchObject({ tool: 'graphile-migrate', folder: 'migrations/committed' });
    expect(byId(project, '000001').up).toEqual({
      file: 'migrations/committed/000001-a.sql',
      line: 5,
      text: 'GRANT x TO app;',
      send: 'transaction',
    });
    expect(byId(project, '000002').up.send).toBe('message');
    expect(byId(project, '000003').unreadable).toContain(':SECRET');
    expect(byId(project, '000004').unreadable).toContain('not the Hash of the file before');
    expect(byId(project, '000005').unreadable).toContain('header');
  });
});
