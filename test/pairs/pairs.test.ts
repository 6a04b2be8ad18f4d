import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { binariesOf } from '../binaries.io.ts';
import { isLong } from '../counts.ts';
import { versions } from '../database.io.ts';

const root = join(import.meta.dirname, '..', '..');
const files = {
  '1_a.up.sql': 'create table a (id serial primary key, note text not null);',
  '1_a.down.sql': 'drop table a;',
  '2_forgets.up.sql': "update a set note = 'x';",
  '2_forgets.down.sql': '-- nothing\n',
  '3_fails.up.sql': 'alter table a add c integer;',
  '3_fails.down.sql': 'alter table a drop nothing;',
  '4_draws.up.sql': 'alter table a add at timestamptz not null default clock_timestamp();',
  '4_draws.down.sql': 'alter table a drop at;',
};

/** The versions of which this machine has the programs that the judge uses; it starts a server of its own, so it is of the long suite. */
const judged = versions.filter((version) => isLong && existsSync(join(binariesOf(version).folder, 'pg_dump')));

test.skipIf(judged.length === 0)(
  'a folder of migrations is judged twice, and the two agree',
  { timeout: 300_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'oneroof-folder-'));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      const words = ['--folder', folder, '--name', 'ours', '--pg', judged[0] ?? '', '--command', '2'];
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ['--import', 'tsx', join(root, 'scripts', 'pairs.io.ts'), ...words],
        { cwd: root, encoding: 'utf8' },
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain('ours: 4 pairs');
      expect(stdout).toContain('equal 2, different 1, down fails 1, up fails 0');
      expect(stdout).toContain('GO 2, NO-GO 2, refused 0, broken 0');
      expect(stdout).toContain('agree 4, wrong GO 0, wrong NO-GO 0, refused although equal 0');
      expect(stdout).not.toContain('by command');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
