import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readIfThere } from '../../src/core/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'oneroof-there-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('reads a file, says null where there is none, and fails where it is something else', () => {
  writeFileSync(join(folder, 'one'), 'grüße\n');
  mkdirSync(join(folder, 'sub'));
  expect(readIfThere(join(folder, 'one'))).toBe('grüße\n');
  expect(readIfThere(join(folder, 'none'))).toBeNull();
  expect(() => readIfThere(join(folder, 'sub'))).toThrow(/EISDIR/);
});

test('reads a file that another process writes and takes away all the time', async () => {
  const file = join(folder, 'lock');
  const program = `for (;;) { fs.writeFileSync(${JSON.stringify(file)}, 'held'); fs.unlinkSync(${JSON.stringify(file)}); }`;
  const other = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  try {
    const met = new Set<string | null>();
    for (const until = Date.now() + 1500; Date.now() < until; ) met.add(readIfThere(file));
    expect(met).toContain(null);
    expect(met).toContain('held');
  } finally {
    other.kill('SIGKILL');
    await once(other, 'exit');
  }
});
