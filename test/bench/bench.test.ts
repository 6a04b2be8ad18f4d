import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const words = ['--import', 'tsx', join(root, 'bench', 'main.io.ts')];
/** One pair for each line, at the smallest size that it takes. */
const env = { ...process.env, ONEROOF_BENCH_ROWS: '10000', ONEROOF_BENCH_RUNS: '1', ONEROOF_BENCH_REQUESTS: '40' };

/** The bench names its groups when it is asked for one that it does not have, so that a new one is run here too. */
const refused = spawnSync(process.execPath, [...words, 'no-such-group'], { cwd: root, encoding: 'utf8' });
const groups = /npm run bench -- (.+)/.exec(refused.stderr)?.[1]?.split(' ') ?? [];

function run(group: string): Promise<{ readonly status: unknown; readonly stdout: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...words, group], { cwd: root, env, encoding: 'utf8' }, (error, stdout) =>
      resolve({ status: error === null ? 0 : error.code, stdout }),
    );
  });
}

test('the bench refuses a group that it does not have, and names those that it has', () => {
  expect(refused.status).toBe(2);
  expect(groups).toEqual(expect.arrayContaining(['start', 'proof', 'site']));
});

// each group starts servers of its own (startTemporaryServer): minutes for all of them on 2 cores, so they are of the long suite
describe.runIf(process.env['ONEROOF_TEST_LONG'] === '1')('the bench', () => {
  test.each(groups)(
    'measures every line of its group %s, or says why it skips it',
    { timeout: 900_000 },
    async (group) => {
      const { status, stdout } = await run(group);
      expect(stdout).not.toContain(' failed: ');
      expect(status).toBe(0);
      expect(stdout.split('\n').filter((line) => / x +\d/.test(line)).length, stdout).toBeGreaterThan(0);
    },
  );
});
