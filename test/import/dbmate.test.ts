import { describe, expect, it } from 'vitest';
import { saysTransaction } from '../../src/release/migration-part.ts';
import { byId, idsOf, projectOf } from './files.ts';

const file = (up: string, down: string): string => `-- migrate:up\n${up}\n\n-- migrate:down\n${down}\n`;

describe('dbmate', () => {
  it('orders by the bytes of the file names, and keeps the digits as text', async () => {
    const project = await projectOf({
      'db/migrations/9_b.sql': file('SELECT 9;', ''),
      'db/migrations/10_a.sql': file('SELECT 10;', ''),
      'db/migrations/010_z.sql': file('SELECT 0;', ''),
      'db/schema.sql': '-- Dbmate schema migrations\n',
    });
    expect(project).toMatchObject({ tool: 'dbmate', folder: 'db/migrations', warnings: [] });
    expect(idsOf(project)).toEqual(['010', '10', '9']);
  });

  it('reads both blocks with their lines; a block without a transaction is one message', async () => {
    const project = await projectOf({
      'db/migrations/1_a.sql': '-- about\n\n-- migrate:up transaction:false\nSELECT 1;\n\n--migrate:down\nSELECT 2;\n',
    });
    const { up, down } = byId(project, '1');
    expect(up).toEqual({
      file: 'db/migrations/1_a.sql',
      line: 3,
      text: '-- migrate:up transaction:false\nSELECT 1;\n\n',
      send: 'message',
    });
    expect(down).toEqual({
      file: 'db/migrations/1_a.sql',
      line: 6,
      text: '--migrate:down\nSELECT 2;\n',
      send: 'transaction',
    });
  });

  it.each([
    ['-- migrate:up\nSELECT 1;\n', 'no -- migrate:down'],
    ['-- migrate:down\nSELECT 1;\n', 'no -- migrate:up'],
    ['-- migrate:down\n-- migrate:up\n', 'before -- migrate:up'],
    ['SELECT 1;\n-- migrate:up\n-- migrate:down\n', 'SQL before'],
  ])('refuses what dbmate refuses: %j', async (text, why) => {
    const project = await projectOf({ 'db/migrations/1_a.sql': file('', ''), 'db/migrations/2_b.sql': text });
    expect(byId(project, '2').unreadable).toContain(why);
  });

  it('cannot read a version that is given twice', async () => {
    const project = await projectOf({ 'm/1_a.sql': file('', ''), 'm/1_b.sql': file('', ''), 'm/x.sql': '' });
    expect(project.migrations.map(({ unreadable }) => unreadable === null)).toEqual([true, false]);
    expect(project.warnings.map(({ file: path }) => path)).toEqual(['m/1_b.sql', 'm/x.sql']);
  });

  it.each([
    ['', '', true],
    ['', ' transaction:false', true],
    [' transaction:false', '', false],
    [' x:y transaction:false z:1', ' transaction:true', false],
    [' transaction:true', ' transaction:false', true],
  ])('may be taken apart where its up runs without a transaction, whatever its down does: %j, %j', (up, down, says) => {
    expect(saysTransaction('dbmate', `-- migrate:up${up}\nSELECT 1;\n-- migrate:down${down}\nSELECT 2;\n`)).toBe(says);
  });
});
