import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');

/** Runs the demo in an empty folder with a temporary folder of its own, so that what is left behind can be seen. */
async function demo(until: (told: string) => NodeJS.Signals | null): Promise<{
  readonly status: number | null;
  readonly told: string;
  readonly left: readonly string[];
  readonly folder: string;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'd-'));
  const temporary = mkdtempSync(join(tmpdir(), 't-'));
  // the servers run as another user when this is root
  chmodSync(temporary, 0o777);
  const child = spawn(process.execPath, [main, 'demo'], {
    cwd: folder,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  let sent = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      told += String(chunk);
      const signal = until(told);
      if (signal !== null && !sent) {
        sent = true;
        child.kill(signal);
      }
    });
  }
  const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  for (let waited = 0; waited < 15_000 && readdirSync(temporary).length > 0; waited += 100) await sleep(100);
  const left = readdirSync(temporary);
  rmSync(temporary, { recursive: true, force: true });
  return { status, told, left, folder };
}

test('the demo proves the release, is BLOCKED at the gate, and leaves nothing but its folder', async () => {
  const { status, told, left, folder } = await demo(() => null);
  expect(told).toContain('BLOCKED       ospa = 0, needs ≥ 1');
  expect(told).toMatch(/option\s+3-shadow collides/);
  expect(status).toBe(0);
  expect(left).toEqual([]);
  const report = readFileSync(join(folder, 'oneroof-demo/report/report.md'), 'utf8');
  for (const row of [
    'Production rollout executor',
    'Rollback executor',
    'Verification suite',
    'Gate monitor',
    'Option 3 inert shadow',
    'Clone harness',
    'Human ratification gate',
    'Production activation',
  ]) {
    expect(report).toContain(`| ${row}`);
  }
  expect(report).toContain('tiers 2–6');
  expect(report).toContain('issues=204,556');
  rmSync(folder, { recursive: true, force: true });
});

test.each<[NodeJS.Signals, string]>([
  ['SIGKILL', 'golden  '],
  ['SIGINT', 'sealed  '],
])('the demo leaves no server and no temporary file after %s', async (signal, at) => {
  const { status, told, left, folder } = await demo((text) => (text.includes(at) ? signal : null));
  expect(told).not.toContain('Done in');
  expect(status).not.toBe(0);
  expect(left).toEqual([]);
  expect(existsSync(join(folder, 'oneroof-demo'))).toBe(true);
  rmSync(folder, { recursive: true, force: true });
});
