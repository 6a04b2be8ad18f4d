import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listRepository } from '../../src/import/index.ts';
import { OneRoofError } from '../../src/core/index.ts';

let root = '';

function write(path: string, content: string | Buffer = ''): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

const git = (...words: string[]): string => execFileSync('git', ['-C', root, ...words], { encoding: 'utf8' });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'oneroof-import-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('the files of a repository', () => {
  it('are what Git knows and does not ignore, from the root, also when a folder of it is named', async () => {
    git('init', '-q');
    for (const path of [
      '.gitignore',
      'db/1_a.sql',
      'db/2_new.sql',
      'db/gone.sql',
      'build/x.sql',
      'vendor/y.sql',
      'ü/1.sql',
    ])
      write(path);
    write('.gitignore', 'build/\n');
    git('add', '.gitignore', 'db/1_a.sql', 'db/gone.sql', 'vendor/y.sql');
    rmSync(join(root, 'db/gone.sql'));
    const repository = await listRepository(join(root, 'db'));
    expect(repository.paths).toEqual(['.gitignore', 'db/1_a.sql', 'db/2_new.sql', 'ü/1.sql']);
    expect(repository.below).toBe('db');
  });

  it('are all files below the folder where there is no repository, without those of others', async () => {
    for (const path of ['a/1.sql', 'node_modules/p/1.sql', 'a/vendor/1.sql', 'b.sql']) write(path);
    const { paths, below } = await listRepository(root);
    expect(paths).toEqual(['a/1.sql', 'b.sql']);
    expect(below).toBe('');
  });

  it('start no program that the repository names in its configuration', async () => {
    git('init', '-q');
    write('a.sql');
    write('spy.sh', `#!/bin/sh\ntouch ${root}/started\n`);
    chmodSync(join(root, 'spy.sh'), 0o755);
    git('config', 'core.fsmonitor', join(root, 'spy.sh'));
    await listRepository(root);
    expect(existsSync(join(root, 'started'))).toBe(false);
    // git by itself would start it
    git('ls-files', '--others');
    git('status');
    expect(existsSync(join(root, 'started'))).toBe(true);
  });

  it('are read as they are, and never through a link or from outside', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'oneroof-outside-'));
    writeFileSync(join(outside, 'secret.sql'), 'SECRET');
    git('init', '-q');
    write('bom.sql', '\uFEFFSELECT 1;\r\n');
    write('latin.sql', Buffer.from([0x27, 0xe9, 0x27]));
    write('nul.sql', 'a\0b');
    write('d/secret.sql', 'mine');
    symlinkSync(join(outside, 'secret.sql'), join(root, 'link.sql'));
    const { read, paths } = await listRepository(root);
    expect(paths).toEqual(['bom.sql', 'd/secret.sql', 'latin.sql', 'link.sql', 'nul.sql']);
    expect(read('bom.sql')).toEqual({ text: '\uFEFFSELECT 1;\r\n', problem: null });
    expect(read('latin.sql')).toEqual({ text: '', problem: 'is not UTF-8' });
    expect(read('nul.sql')).toEqual({ text: '', problem: 'contains a NUL' });
    expect(read('link.sql')).toEqual({ text: '', problem: 'is a link' });
    // a folder that becomes a link after it was listed
    rmSync(join(root, 'd'), { recursive: true });
    symlinkSync(outside, join(root, 'd'));
    expect(read('d/secret.sql')).toEqual({ text: '', problem: 'is behind a link' });
    expect(read(`../${basename(outside)}/secret.sql`)).toEqual({ text: '', problem: 'is missing' });
    rmSync(outside, { recursive: true });
  });

  it('need a folder', async () => {
    write('a.sql');
    await expect(listRepository(join(root, 'a.sql'))).rejects.toSatisfy(
      (error) => (error as OneRoofError).code === 'CONFIG_NOT_FOUND',
    );
    await expect(listRepository(join(root, 'nowhere'))).rejects.toSatisfy(
      (error) => (error as OneRoofError).code === 'CONFIG_NOT_FOUND',
    );
  });
});
