import { execFile, spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { allTests, longTests, quickTests } from './select.io.ts';
import { leftOut, slowest } from './turns.ts';

it('the quick tests are those that reach no server, no browser and no command line', () => {
  const quick = quickTests();
  expect(quick).toContain('test/core/json.test.ts');
  for (const real of ['database/server', 'database/observer', 'web/passkeys', 'demo/demo', 'cli/policy'])
    expect(quick).not.toContain(`test/${real}.test.ts`);
  expect(quick.length).toBeGreaterThan(25);
});

it('the long tests are those that draw at random, or run on the newest version alone otherwise', () => {
  expect(longTests()).toContain('test/fingerprint/oracle.test.ts');
  expect(longTests()).not.toContain('test/release/titles.test.ts');
  expect(allTests()).toEqual(expect.arrayContaining(longTests()));
});

it('the slowest tests are there, none of them is quick, and ten turns run each of them once', () => {
  expect(allTests()).toEqual(expect.arrayContaining([...slowest]));
  expect(quickTests().filter((test) => slowest.includes(test))).toEqual([]);
  const run = Array.from({ length: 10 }, (_, turn) => `${turn + 1}/10`).flatMap((turn) =>
    slowest.filter((test) => !leftOut(turn).includes(test)),
  );
  expect(run.toSorted()).toEqual(slowest.toSorted());
  expect(leftOut(undefined)).toEqual([]);
  for (const none of ['0/10', '11/10', '1', 'x']) expect(() => leftOut(none)).toThrow('ONEROOF_TEST_TURN');
});

it('a quick test that reaches for a server or a browser fails', async () => {
  expect(() => spawnSync('/usr/lib/postgresql/15/bin/initdb', ['-D', '/nowhere'])).toThrow(/quick test/);
  expect(() => spawnSync('/bin/sh', ['-c', ':', 'watchdog', '/bin/postgres'])).toThrow(/quick test/);
  await expect(async () => promisify(execFile)('/usr/bin/chromium')).rejects.toThrow(/quick test/);
  expect(() => connect('/tmp/oneroof-none/.s.PGSQL.5432')).toThrow(/quick test/);
  expect(spawnSync(process.execPath, ['-p', '1']).status).toBe(0);
});
