import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { binFolder } from '../cli/people.io.ts';
import { golangMigrate, withFiles } from './repository.io.ts';

const hooks = parse(readFileSync(join(import.meta.dirname, '..', '..', '.pre-commit-hooks.yaml'), 'utf8')) as readonly {
  readonly id: string;
  readonly entry: string;
  readonly language: string;
  readonly pass_filenames: boolean;
  readonly files: string;
}[];
const one = { name: 'one', up: 'create table one (id int primary key);', down: 'drop table one;' };

it('the hook of .pre-commit-hooks.yaml refuses a commit with a migration that does not come back', {
  timeout: 300_000,
}, async () => {
  const [hook] = hooks;
  expect([hook?.id, hook?.language, hook?.pass_filenames]).toEqual(['oneroof-check', 'system', false]);
  const bin = binFolder();
  try {
    await withFiles(golangMigrate([one]), (folder) => {
      const git = (...words: readonly string[]): { readonly status: number | null; readonly said: string } => {
        const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
        const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
        const { status, stdout, stderr } = spawnSync('git', [...identity, ...words], {
          cwd: folder,
          env,
          encoding: 'utf8',
        });
        return { status, said: stdout + stderr };
      };
      git('init', '-q', '-b', 'main');
      git('add', '.');
      expect(git('commit', '-qm', 'one').status).toBe(0);
      // as pre-commit runs it: the entry, where a staged file fits
      const script = join(folder, '.git', 'hooks', 'pre-commit');
      writeFileSync(
        script,
        `#!/bin/sh\ngit diff --cached --name-only | grep -qE '${hook?.files}' || exit 0\nexec ${hook?.entry}\n`,
      );
      chmodSync(script, 0o755);
      const add = (down: string): void => {
        const two = { name: 'two', up: 'create table two (id int);', down };
        for (const [path, text] of Object.entries(golangMigrate([one, two]))) writeFileSync(join(folder, path), text);
        git('add', '.');
      };
      add('-- forgotten');
      const refused = git('commit', '-qm', 'two');
      expect([refused.status, refused.said]).toEqual([1, expect.stringContaining('empty-down')]);
      add('drop table two;');
      const passed = git('commit', '-qm', 'two');
      expect([passed.status, passed.said]).toEqual([0, expect.stringContaining('none fails')]);
      writeFileSync(join(folder, 'notes.txt'), '');
      git('add', '.');
      expect(git('commit', '-qm', 'notes')).toEqual({ status: 0, said: '' });
    });
  } finally {
    rmSync(bin, { recursive: true });
  }
});
