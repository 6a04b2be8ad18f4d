import { describe, expect, it } from 'vitest';
import { byId, idsOf, projectOf } from './files.ts';

const m = 'persistence/migrations';

describe('popx', () => {
  it('takes the file for PostgreSQL, or else the one for all, in the order of the text of the version', async () => {
    const project = await projectOf({
      'go.mod': 'require github.com/ory/x v0.0.1\n',
      [`${m}/20200101000000_a.up.sql`]: 'ALL',
      [`${m}/20200101000000_a.postgres.up.sql`]: 'OURS',
      [`${m}/20200101000000_a.mysql.up.sql`]: 'THEIRS',
      [`${m}/20200101000000_a.down.sql`]: 'DOWN',
      [`${m}/202001010000000001_b.autocommit.up.sql`]: 'ALONE',
      [`${m}/3_c.postgres.autocommit.up.sql`]: 'ALONE',
      [`${m}/3_c.postgres.autocommit.down.sql`]: 'ALONE',
      [`${m}/20210101000000_only.sqlite3.up.sql`]: '',
      'x/networkx/migrations/sql/20150101000000_networks.postgres.up.sql': 'SHARED',
    });
    expect(project).toMatchObject({ tool: 'popx', folder: m, knownBy: 'ory/x in go.mod' });
    expect(idsOf(project)).toEqual(['20150101000000', '20200101000000', '202001010000000001', '3']);
    expect(byId(project, '20200101000000')).toMatchObject({
      up: { text: 'OURS', send: 'transaction' },
      down: { text: 'DOWN' },
    });
    expect(byId(project, '202001010000000001')).toMatchObject({ up: { text: 'ALONE', send: 'message' }, down: null });
    expect(byId(project, '3').down?.send).toBe('message');
  });

  it('leaves out shared migrations that a product has itself', async () => {
    const project = await projectOf({
      [`${m}/1_networks.postgres.up.sql`]: 'OWN',
      [`${m}/1_networks.mysql.up.sql`]: '',
      'x/networkx/migrations/sql/2_networks.postgres.up.sql': 'SHARED',
      'x/networkx/migrations/sql/3_other.postgres.up.sql': 'SHARED',
    });
    expect(idsOf(project)).toEqual(['1', '3']);
  });

  it('cannot read a template, and names its line and what it takes', async () => {
    const project = await projectOf({
      [`${m}/1_a.postgres.up.sql`]: 'SELECT 1;',
      [`${m}/1_a.mysql.up.sql`]: '',
      [`${m}/1_a.down.sql`]: '',
      [`${m}/1_a.sqlite.down.sql`]: '',
      [`${m}/1_a.cockroach.down.sql`]: '',
      [`${m}/2_b.up.sql`]: 'SELECT 1;\nDROP TABLE {{ identifier .Parameters.name }};',
      [`${m}/3_c.up.sql`]: 'SELECT 1;',
      [`${m}/3_c.down.sql`]: '{{- if eq .DialectDetails.Name\n "postgres" }}SELECT 1;{{ end }}',
    });
    expect(byId(project, '2').unreadable).toContain(`${m}/2_b.up.sql:2 is a template of Go`);
    expect(byId(project, '2').unreadable).toContain('{{ identifier .Parameters.name }}');
    expect(byId(project, '3').unreadable).toContain(`${m}/3_c.down.sql:1 `);
  });
});
