import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../cli/run.io.ts';
import { action, type ApiComment, comment, runStep, type StepDone, withApi } from './runner.io.ts';

const hostile = '2_##[error]forged $(touch made)';
let folder: string;
/** The word that ended the stop of a run. */
let stopWord: string | null = null;

function git(...words: readonly string[]): void {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  const { status, stderr } = spawnSync('git', [...identity, ...words], {
    cwd: join(folder, 'repository'),
    encoding: 'utf8',
  });
  expect([stderr, status]).toEqual([expect.any(String), 0]);
}

function migration(name: string, up: string, down: string): void {
  writeFileSync(join(folder, 'repository', 'migrations', `${name}.up.sql`), up);
  writeFileSync(join(folder, 'repository', 'migrations', `${name}.down.sql`), down);
}

const step = (
  inputs: Readonly<Record<string, string>> = {},
  more: { readonly event?: object; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<StepDone> => runStep({ folder, repository: join(folder, 'repository'), inputs, ...more });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oneroof-action-'));
  mkdirSync(join(folder, 'repository', 'migrations'), { recursive: true });
  writeFileSync(
    join(folder, 'repository', 'go.mod'),
    'module x\nrequire github.com/golang-migrate/migrate/v4 v4.0.0\n',
  );
  migration('1_first', 'create table orders (id serial primary key, name text not null);', 'drop table orders;');
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'first');
  git('checkout', '-q', '-b', 'pull-request');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the action', () => {
  it('uses no other action, and reads no input as shell', () => {
    expect(existsSync(cli)).toBe(true);
    expect(action.runs.steps.flatMap(({ uses }) => uses ?? [])).toEqual([]);
    expect(action.runs.steps.filter(({ run }) => run?.includes('${{'))).toEqual([]);
    expect(JSON.stringify(action)).not.toMatch(/token|secret/i);
  });

  it('passes a pull request whose migration is safe, with its results as files', { timeout: 300_000 }, async () => {
    migration('2_safe', 'create table parts (id integer primary key);', 'drop table parts;');
    const { status, output, summary } = await step();
    expect(status).toBe(0);
    expect(summary).toMatch(/^<!-- oneroof-check migrations postgres-18 -->\n### ✅/);
    for (const name of ['sarif', 'junit', 'markdown']) {
      const file = new RegExp(`^${name}=(.*)$`, 'm').exec(output)?.[1] ?? '';
      expect([name, existsSync(file)]).toEqual([name, true]);
    }
    rmSync(join(folder, 'repository', 'migrations', '2_safe.up.sql'));
    rmSync(join(folder, 'repository', 'migrations', '2_safe.down.sql'));
  });

  it('fails one that loses data, at its line, and obeys nothing in its names', { timeout: 300_000 }, async () => {
    migration(hostile, 'alter table orders drop column name;', 'alter table orders add column name text;');
    const { status, log, summary } = await step();
    expect(status).toBe(1);
    expect(summary).toContain('### ⛔');
    const [before = '', word = ''] = /^::stop-commands::([0-9a-f]{32})$/m.exec(log) ?? [];
    const stopped = log.slice(log.indexOf(before), log.indexOf(`\n::${word}::\n`));
    const obeyed = log
      .replace(stopped, '')
      .split('\n')
      .filter((line) => line !== '' && line !== `::${word}::`);
    expect(stopped).toContain('##[error]forged');
    expect(obeyed.length).toBeGreaterThan(1);
    for (const line of obeyed) expect(line).toMatch(/^::(error|warning|notice) file=migrations\/[^:]*,line=1,title=/);
    expect(existsSync(join(folder, 'repository', 'made'))).toBe(false);
    stopWord = word;
  });

  it('takes its inputs as they are: a folder that is not there is an error, and no option', {
    timeout: 300_000,
  }, async () => {
    expect((await step({ directory: '--help' })).status).toBeGreaterThan(1);
    expect((await step({ postgres: '9; touch made' })).status).toBe(2);
    expect(existsSync(join(folder, 'repository', 'made'))).toBe(false);
  });

  it('asks a production for its own code alone', { timeout: 300_000 }, async () => {
    const pull = (repository: string) => ({ pull_request: { number: 7, head: { repo: { full_name: repository } } } });
    const of = async (event: object) => {
      const { status, log } = await step({ against: 'env:NOT_SET' }, { event });
      return [
        status,
        log.includes('NOT_SET is not set'),
        /^::notice .*checked without production: (.*)$/m.exec(log)?.[1],
      ];
    };
    expect(await of(pull('ours/shop'))).toEqual([2, true, undefined]);
    expect(await of(pull('theirs/shop'))).toEqual([1, false, 'this is a pull request of a fork']);
    expect(await of({ pull_request: {} })).toEqual([1, false, 'this is a pull request of a fork']);
  });

  it('writes one comment where the job gives it a token, and replaces it', { timeout: 300_000 }, async () => {
    const marker = '<!-- oneroof-check migrations postgres-18 -->';
    const by = (id: number, type: string, body: string): ApiComment => ({ id, user: { type }, body });
    const comments = [
      ...Array.from({ length: 100 }, (_, at) => by(at, 'User', `${marker}\nby a person`)),
      // another step of this workflow, on another version
      by(200, 'Bot', '<!-- oneroof-check migrations postgres-16 -->\nanother'),
    ];
    const event = { pull_request: { number: 7, head: { repo: { full_name: 'theirs/shop' } } } };
    await withApi(comments, async ({ env, asked }) => {
      const { status, log, summary } = await step({}, { event, env });
      expect([status, log, comments.length]).toEqual([1, expect.not.stringContaining('may-comment'), 102]);
      expect(comments.at(-1)?.body).toBe(summary);
      // another run has another word: no one can know it
      expect(stopWord).toMatch(/^[0-9a-f]{32}$/);
      expect(log).not.toContain(stopWord);
      // the next run of the step
      const file = join(folder, 'next.md');
      writeFileSync(file, `${marker}\nthe next run\n`);
      expect(await comment(file, { event, env })).toBe('');
      expect([comments.length, comments.at(-1)?.body]).toEqual([102, `${marker}\nthe next run\n`]);
      expect(comments.filter(({ body }) => body === `${marker}\nby a person`)).toHaveLength(100);
      expect(asked.filter((one) => !one.startsWith('GET'))).toEqual(['POST 7/comments', 'PATCH comments/1101']);
      // what a token may not do fails nothing, and neither does a push
      expect(await comment(file, { event, env: { ...env, GITHUB_TOKEN: 'may-read' } })).toContain('no comment was');
      expect(await comment(file, { event: {}, env })).toBe('');
      expect(comments).toHaveLength(102);
    });
  });
});
