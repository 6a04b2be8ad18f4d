import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cli } from '../cli/run.io.ts';
import { type ApiNote, ofMergeRequest, runJob, withGitlabApi } from './gitlab.io.ts';

it('a job of GitLab checks a merge request, and says it in one note', { timeout: 300_000 }, async () => {
  const checkout = mkdtempSync(join(tmpdir(), 'oneroof-gitlab-'));
  const git = (...words: readonly string[]): void => {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
    const { status, stderr } = spawnSync('git', [...identity, ...words], { cwd: checkout, encoding: 'utf8' });
    expect([stderr, status]).toEqual([expect.any(String), 0]);
  };
  const migration = (name: string, up: string, down: string): void => {
    writeFileSync(join(checkout, 'migrations', `${name}.up.sql`), up);
    writeFileSync(join(checkout, 'migrations', `${name}.down.sql`), down);
  };
  try {
    expect(existsSync(cli)).toBe(true);
    mkdirSync(join(checkout, 'migrations'));
    writeFileSync(join(checkout, 'go.mod'), 'module x\nrequire github.com/golang-migrate/migrate/v4 v4.0.0\n');
    migration('1_first', 'create table orders (id serial primary key, name text);', 'drop table orders;');
    git('init', '-q', '-b', 'main');
    git('remote', 'add', 'origin', checkout);
    git('add', '-A');
    git('commit', '-qm', 'first');
    git('checkout', '-q', '-b', 'mine');
    migration('2_lost', 'alter table orders drop column name;', 'alter table orders add column name text;');
    const notes: ApiNote[] = [];
    await withGitlabApi(notes, async ({ env, asked }) => {
      const run = (more = {}) => runJob('oneroof-check', { checkout, env: { ...ofMergeRequest, ...env, ...more } });
      const failed = await run();
      expect([failed.status, notes[0]?.body]).toEqual([1, expect.stringContaining('### ⛔ oneroof check failed')]);
      expect(existsSync(join(checkout, 'oneroof-check.xml'))).toBe(true);
      expect(failed.log).not.toContain('may-comment');
      migration('2_lost', 'create table parts (id integer primary key);', 'drop table parts;');
      const passed = await run();
      expect([passed.status, notes[0]?.body]).toEqual([0, expect.stringContaining('### ✅ oneroof check passed')]);
      expect([notes.length, asked.filter((one) => !one.startsWith('GET'))]).toEqual([
        1,
        ['POST notes', 'PUT notes/1000'],
      ]);
      // a fork has no token: the check is the same, and no note is written
      expect((await run({ ONEROOF_GITLAB_TOKEN: '' })).status).toBe(0);
      expect(notes).toHaveLength(1);
    });
  } finally {
    rmSync(checkout, { recursive: true });
  }
});
