import { defineConfig } from 'vitest/config';
import { isLong } from './test/counts.ts';
import ErrorsReporter from './test/errors.reporter.ts';
import { memoryFolder } from './test/memory.io.ts';
import { allTests, longTests, quickTests } from './test/select.io.ts';
import { leftOut } from './test/turns.ts';

const quick = quickTests();
const notNow = leftOut(process.env['ONEROOF_TEST_TURN']);
const real = allTests().filter((test) => !quick.includes(test) && !notNow.includes(test));
const long = longTests();
const of = (tests: readonly string[]): string[] => tests.filter((test) => !isLong || long.includes(test));
// what servers write in a test is worth nothing afterwards: in memory it costs half the processor time of a disk
const memory = memoryFolder();
if (memory !== null) process.env['TMPDIR'] = memory;

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          isolate: false,
          include: of(quick),
          setupFiles: ['test/seed.ts', 'test/errors.record.ts', 'test/quick.guard.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: of(real),
          setupFiles: ['test/seed.ts', 'test/errors.record.ts'],
          globalSetup: ['test/servers.io.ts'],
        },
      },
    ],
    reporters: ['default', new ErrorsReporter()],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // real servers, browsers and kills on a machine that may be busy: in CI what fails is tried once more, and named as tried again
    retry: (process.env['CI'] ?? '') === '' ? 0 : 1,
    pool: 'forks',
    maxWorkers: 3,
  },
});
