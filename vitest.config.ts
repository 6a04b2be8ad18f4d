import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/servers.io.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // real servers, browsers and kills on a machine that may be busy: in CI what fails is tried once more, and named as tried again
    retry: (process.env['CI'] ?? '') === '' ? 0 : 1,
    pool: 'forks',
    maxWorkers: 3,
  },
});
