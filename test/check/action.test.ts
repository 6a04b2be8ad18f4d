import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cli } from '../cli/run.io.ts';

const root = join(import.meta.dirname, '..', '..');
const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly runs: {
    readonly steps: readonly {
      readonly run?: string;
      readonly uses?: string;
      readonly env?: Readonly<Record<string, string>>;
    }[];
  };
};
const hostile = '2_##[error]forged $(touch made)';
let folder: string;

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

/** Runs the second step as a runner does: inputs as variables, no token, files for output and summary. */
function step(inputs: Readonly<Record<string, string>> = {}): {
  readonly status: number | null;
  readonly log: string;
  readonly output: string;
  readonly summary: string;
} {
  const temp = mkdtempSync(join(folder, 'runner-'));
  const [run] = action.runs.steps.slice(-1);
  const env = Object.fromEntries(
    Object.entries(run?.env ?? {}).map(([name, value]) => {
      const [, input = ''] = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(value) ?? [];
      return [name, inputs[input] ?? action.inputs[input]?.default ?? ''];
    }),
  );
  const files = { GITHUB_OUTPUT: join(temp, 'output'), GITHUB_STEP_SUMMARY: join(temp, 'summary') };
  for (const file of Object.values(files)) writeFileSync(file, '');
  const { status, stdout, stderr } = spawnSync('sh', ['-c', run?.run ?? ''], {
    cwd: join(folder, 'repository'),
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      HOME: temp,
      TMPDIR: tmpdir(),
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION_PATH: root,
      RUNNER_TEMP: temp,
      ...files,
      ...env,
    },
  });
  return {
    status,
    log: stdout + stderr,
    output: readFileSync(files.GITHUB_OUTPUT, 'utf8'),
    summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
  };
}

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

  it('passes a pull request whose migration is safe, with its results as files', () => {
    migration('2_safe', 'create table parts (id integer primary key);', 'drop table parts;');
    const { status, output, summary } = step();
    expect(status).toBe(0);
    expect(summary).toMatch(/^<!-- oneroof-check -->\n### ✅/);
    for (const name of ['sarif', 'junit', 'markdown']) {
      const file = new RegExp(`^${name}=(.*)$`, 'm').exec(output)?.[1] ?? '';
      expect([name, existsSync(file)]).toEqual([name, true]);
    }
    rmSync(join(folder, 'repository', 'migrations', '2_safe.up.sql'));
    rmSync(join(folder, 'repository', 'migrations', '2_safe.down.sql'));
  });

  it('fails one that loses data, at its line, and obeys nothing in its names', () => {
    migration(hostile, 'alter table orders drop column name;', 'alter table orders add column name text;');
    const { status, log, summary } = step();
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
    expect(step().log).not.toContain(word);
  });

  it('takes its inputs as they are: a folder that is not there is an error, and no option', () => {
    expect(step({ directory: '--help' }).status).toBeGreaterThan(1);
    expect(step({ postgres: '9; touch made' }).status).toBe(2);
    expect(existsSync(join(folder, 'repository', 'made'))).toBe(false);
  });
});
