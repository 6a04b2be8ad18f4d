import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { oneroof } from './run.io.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oneroof-new-file-'));
  cpSync(join(import.meta.dirname, '..', '..', 'examples', 'one-roof'), join(folder, 'release'), { recursive: true });
  // nothing answers there: a command that works before it looks says so
  writeFileSync(
    join(folder, 'oneroof.yaml'),
    'targets: { production: { url: "postgres://observer@127.0.0.1:1/none" } }\nevidence: evidence\n',
  );
  expect(oneroof(['seal', 'release'], { folder }).status).toBe(0);
  writeFileSync(join(folder, 'there.json'), 'mine');
  mkdirSync(join(folder, 'one-roof.bundle.json'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const codes = (words: readonly string[]) => {
  const { status, stdout, stderr } = oneroof([...words, '--json'], { folder });
  const { problems = [] } = JSON.parse(stdout) as { problems?: { code: string }[] };
  return { status, codes: problems.map(({ code }) => code), asked: stderr.includes('was not asked') };
};

it('a file that is there already is refused before the work for it, whatever it is, and stays', {
  timeout: 240_000,
}, () => {
  for (const words of [
    ['bundle', 'release', '--out', 'there.json'],
    // the name that is taken where none is named; a folder has it
    ['bundle', 'release'],
    ['fingerprint', 'production', '--out', 'there.json'],
  ])
    expect(codes(words)).toEqual({ status: 2, codes: ['ALREADY_EXISTS'], asked: false });
  for (const words of [
    ['bundle', 'release', '--out', 'nowhere/b.json'],
    ['fingerprint', 'production', '--out', 'nowhere/f.json'],
  ])
    expect(codes(words)).toEqual({ status: 2, codes: ['CONFIG_NOT_FOUND'], asked: false });
  expect(readFileSync(join(folder, 'there.json'), 'utf8')).toBe('mine');
  // the controls: with a new name they begin to work
  expect(codes(['bundle', 'release', '--out', 'new.json'])).toEqual({ status: 0, codes: [], asked: true });
  expect(existsSync(join(folder, 'new.json'))).toBe(true);
  expect(codes(['fingerprint', 'production', '--out', 'new-too.json'])).toMatchObject({ codes: ['CONNECT_REFUSED'] });
});

it('a command in a folder that was deleted says so, and what asks for no folder goes on', { timeout: 120_000 }, () => {
  const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');
  const inDeleted = (words: string) =>
    spawnSync(
      'sh',
      ['-c', `d=$(mktemp -d) && cd "$d" && rmdir "$d" && exec "${process.execPath}" "${main}" ${words}`],
      {
        encoding: 'utf8',
      },
    );
  for (const words of ['log', 'bundle release', 'lint', 'init x', `log -C ${folder}`]) {
    const { status, stderr } = inDeleted(words);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/no longer exists \[CONFIG_NOT_FOUND\]\nhint: .*cd FOLDER/),
    ]);
  }
  expect(inDeleted('--version')).toMatchObject({ status: 0, stderr: '' });
});
