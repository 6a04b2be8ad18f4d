import { existsSync, statfsSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { scriptFailureOf } from '../../src/check/failure.ts';
import { memoryFolder } from '../../src/database/memory-folder.io.ts';

describe('a private server without room', () => {
  const of = { file: 'a.sql', inTransaction: true, values: 'hidden' } as const;
  const sent = { sql: 'select 1', line: 3, kind: 'SelectStmt', tree: {}, transactional: true };

  it.each(['53100', '53200'])('says nothing about the migration (SQLSTATE %s)', (code) => {
    const { unjudged } = scriptFailureOf({ sent, error: { code, message: 'could not extend file' } }, of);
    expect(unjudged).toEqual({
      cause: 'the private server had no room: could not extend file',
      facts: { said: 'could not extend file', sqlstate: code },
      fix: expect.stringContaining('TMPDIR'),
    });
    expect(scriptFailureOf({ sent, error: { code: '42601', message: 'syntax error' } }, of).unjudged).toBe(null);
  });
});

describe('the folder in memory', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  const hasOne =
    process.platform === 'linux' &&
    existsSync('/dev/shm') &&
    statfsSync('/dev/shm').bavail * statfsSync('/dev/shm').bsize > 3e9;

  it.runIf(hasOne)('is taken where it has room, and nowhere else', () => {
    vi.stubEnv('TMPDIR', '');
    const memory = vi.spyOn(process, 'availableMemory').mockReturnValue(3 * 1024 ** 3);
    expect(memoryFolder()).toBe('/dev/shm');
    memory.mockReturnValue(1024 ** 3);
    expect(memoryFolder()).toBe(null);
  });

  it('is not taken where the user names another place', () => {
    vi.stubEnv('TMPDIR', '/var/tmp');
    vi.spyOn(process, 'availableMemory').mockReturnValue(3 * 1024 ** 3);
    expect(memoryFolder()).toBe(null);
  });
});
