import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { digest, now } from '../../src/core/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';

test('a lock whose process is gone is taken over by racing appends', async () => {
  const root = mkdtempSync(join(tmpdir(), 'oneroof-evidence-'));
  const { stdout } = await promisify(execFile)(process.execPath, ['-p', 'process.pid']);
  writeFileSync(join(root, 'log.lock'), `${stdout.trim()} ${hostname()}`);
  const seal = digest('evidence', ['one release']);
  const entries = await Promise.all(
    [0, 1, 2].map((n) => openFolderStore(root).append({ kind: 'gate', seal, body: { n } }, now())),
  );
  expect(entries.map(({ index }) => index).sort()).toEqual([0, 1, 2]);
});
