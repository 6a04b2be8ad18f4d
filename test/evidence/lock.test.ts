import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
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

const append = (root: string) =>
  openFolderStore(root).append({ kind: 'gate', seal: digest('evidence', ['one release']), body: {} }, now());
const inRoot = async (use: (root: string, file: string) => Promise<void>): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), 'oneroof-evidence-'));
  await append(root);
  await use(root, join(root, 'log.lock'));
  rmSync(root, { recursive: true });
};
/** Writes a lock that was taken some time ago. */
const left = (file: string, owner: string, seconds: number): void => {
  writeFileSync(file, owner);
  const then = new Date(Date.now() - seconds * 1000);
  utimesSync(file, then, then);
};
const gone = async (): Promise<string> =>
  (await promisify(execFile)(process.execPath, ['-p', 'process.pid'])).stdout.trim();
/** Milliseconds; it has to be told at once, also on a busy machine. */
const atOnce = 5000;

test('a lock that is old and whose process cannot be seen is told at once, with whose it is and what to remove', () =>
  inRoot(async (root, file) => {
    for (const [owner, who] of [
      ['4711 another-host', 'process 4711 of another-host'],
      // the number is in use, and from a program that did not say when it began
      [`${process.pid} ${hostname()}`, `process ${process.pid} of ${hostname()}`],
      ['', 'something that is not a process'],
      ['-1 x', 'something that is not a process'],
    ] as const) {
      left(file, owner, 3600);
      const began = performance.now();
      await expect(append(root)).rejects.toMatchObject({
        code: 'EVIDENCE_UNWRITABLE',
        problems: [
          {
            problem: expect.stringContaining(`log.lock was left by ${who} 3600 s ago`) as string,
            fix: expect.stringContaining(`rm ${file}`) as string,
          },
        ],
      });
      expect(performance.now() - began).toBeLessThan(atOnce);
      // nothing but a person removes it
      expect(readFileSync(file, 'utf8')).toBe(owner);
    }
    rmSync(file);
    expect((await append(root)).index).toBe(1);
  }));

test('a lock of another host that is young is waited for', () =>
  inRoot(async (root, file) => {
    left(file, '4711 another-host', 0);
    const waiting = append(root);
    await wait(500);
    rmSync(file);
    expect((await waiting).index).toBe(1);
  }));

// elsewhere the system does not tell when a process began
test.runIf(process.platform === 'linux')('a lock whose number another process has now is taken over', () =>
  inRoot(async (root, file) => {
    left(file, `${process.pid} ${hostname()} 1@another-start`, 0);
    const began = performance.now();
    expect((await append(root)).index).toBe(1);
    expect(performance.now() - began).toBeLessThan(atOnce);
  }),
);

test.runIf(process.platform === 'linux')(
  'the lock of a process that lives is waited for, and never removed',
  { timeout: 60_000 },
  () =>
    inRoot(async (root, file) => {
      const stat = readFileSync(`/proc/${process.pid}/stat`, 'utf8');
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      const begin = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      const owner = `${process.pid} ${hostname()} ${begin}@${boot}`;
      left(file, owner, 3600);
      const began = performance.now();
      await expect(append(root)).rejects.toMatchObject({
        code: 'EVIDENCE_UNWRITABLE',
        problems: [
          {
            problem: expect.stringContaining('which is running') as string,
            fix: expect.stringContaining('wait for that process') as string,
          },
        ],
      });
      expect(performance.now() - began).toBeGreaterThan(9000);
      expect(readFileSync(file, 'utf8')).toBe(owner);
    }),
);

test('a lock that is being removed is waited for; one whose remover has ended too is told at once', () =>
  inRoot(async (root, file) => {
    const guard = `${file}.breaking`;
    left(file, `${await gone()} ${hostname()}`, 0);
    left(guard, `4711 another-host`, 0);
    const waiting = append(root);
    await wait(500);
    rmSync(guard);
    expect((await waiting).index).toBe(1);
    for (const breaker of [`${await gone()} ${hostname()}`, '4711 another-host']) {
      left(file, `${await gone()} ${hostname()}`, 0);
      left(guard, breaker, 3600);
      const began = performance.now();
      await expect(append(root)).rejects.toMatchObject({
        problems: [{ fix: expect.stringContaining(`rm ${file} ${guard}`) as string }],
      });
      expect(performance.now() - began).toBeLessThan(atOnce);
    }
  }));
