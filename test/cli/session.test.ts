import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commandLinePage } from '../../scripts/cli-page.ts';
import { verbs } from '../../src/cli/verbs.io.ts';
import { serverConnection } from '../database.io.ts';
import { oneroof } from './run.io.ts';

const root = join(import.meta.dirname, '..', '..');
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oneroof-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a terminal session', () => {
  it('prints the version of package.json', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(oneroof(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('explains every command with examples', () => {
    expect(verbs.filter(({ examples }) => examples.length === 0)).toEqual([]);
    const help = oneroof(['doctor', '--help']);
    expect(help.status).toBe(0);
    expect(help.stdout).toContain('$ oneroof doctor');
    expect(help.stdout).toContain('--json');
  });

  it('refuses an unknown command with USAGE, exit 2, and says which one was meant', () => {
    const { status, stdout, stderr } = oneroof(['docter']);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('[USAGE]');
    expect(stderr).toContain('Did you mean doctor');
    expect(stderr).toContain('hint: ');
  });

  it('refuses an unknown option as JSON where --json is asked for', () => {
    const { status, stdout } = oneroof(['doctor', '--force', '--json']);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'oneroof/error/1', exit: 2, problems: [{ code: 'USAGE' }] });
  });

  it('is plain where it is piped', () => {
    const { stdout, stderr } = oneroof(['doctor', '-C', folder]);
    expect(stdout + stderr).not.toContain('\u001b');
  });

  it('shows hostile text without letting it act on the terminal', () => {
    const { status, stderr } = oneroof(['completion', 'evil\u001b[2J\u202e\nerror: forged']);
    expect(status).toBe(2);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).not.toContain('\u202e');
    expect(stderr.split('\n').filter((line) => line.startsWith('error:'))).toHaveLength(1);
  });

  it('writes oneroof.yaml once and never over another', () => {
    expect(oneroof(['init', '-C', folder]).status).toBe(0);
    const again = oneroof(['init', '-C', folder]);
    expect(again.status).toBe(2);
    expect(again.stderr).toContain('[ALREADY_EXISTS]');
  });

  it('points a caret at the place of a mistake in oneroof.yaml', () => {
    writeFileSync(join(folder, 'oneroof.yaml'), 'targets:\n  production: {}\n  production: {}\n');
    const { stdout } = oneroof(['doctor', '-C', folder]);
    expect(stdout).toContain('problem  oneroof.yaml');
  });

  it('reports a target whose role could write as a problem, with the command that prints the SQL of a role that cannot', () => {
    const { host } = serverConnection();
    const url = `postgres://postgres@/postgres?host=${encodeURIComponent(host)}`;
    writeFileSync(join(folder, 'oneroof.yaml'), 'targets:\n  production:\n    urlFrom: SESSION_TEST_URL\n');
    const { status, stdout } = oneroof(['doctor', '-C', folder, '--json'], { env: { SESSION_TEST_URL: url } });
    expect(status).toBe(1);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; outcome: string; text: string; fix: string }[] };
    const wrong = checks.filter(({ name, outcome }) => name === 'target production' && outcome === 'problem');
    expect(wrong.map(({ text }) => text).join()).toContain('could write');
    const words = /^oneroof (grants [^>]*) >/.exec(wrong.at(-1)?.fix ?? '')?.[1] ?? '';
    expect(oneroof(words.split(' ')).stdout).toContain('create role');
  });

  it('says what to fill in where oneroof.yaml names no place for clones', () => {
    writeFileSync(join(folder, 'oneroof.yaml'), 'targets:\n  production:\n    urlFrom: SESSION_TEST_URL\n');
    const { status, stderr } = oneroof(['clone', 'list', '-C', folder]);
    expect(status).toBe(2);
    expect(stderr).toContain('[CONFIG_INVALID]');
    expect(stderr).toContain('hint: fill in `clone:`');
  });

  it('prints completions that know every command', () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { status, stdout } = oneroof(['completion', shell]);
      expect(status).toBe(0);
      for (const { name } of verbs) expect(stdout).toContain(name.split(' ')[0]);
    }
  });

  it('completes commands, groups and options in bash', () => {
    const complete = (...typed: readonly string[]): readonly string[] => {
      const script = `eval "$(cat)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _oneroof; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = spawnSync('bash', ['-c', script, 'bash', 'oneroof', ...typed], {
        input: oneroof(['completion', 'bash']).stdout,
        encoding: 'utf8',
      });
      return stdout.split('\n').filter(Boolean);
    };
    expect(complete('reh')).toEqual(['rehearse']);
    expect(complete('clone', 'go')).toEqual(['golden']);
    expect(complete('doctor', 'my-release', '--t')).toEqual(['--target']);
    expect(complete('doctor', '--t')).toEqual(['--target']);
    expect(complete('draft', 'back', '--o')).toEqual(['--out']);
    expect(complete('doctor', '--o')).toEqual([]);
    expect(complete('rehearse', 'my-release', 'clone')).toEqual([]);
  });

  it('has sessions in README.md and in docs that were played', () => {
    const sessions = join(root, 'test', 'cli', 'sessions');
    const played = readdirSync(sessions)
      .filter((name) => name.endsWith('.pipe.txt'))
      .map((name) => readFileSync(join(sessions, name), 'utf8'));
    const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
    const pages = ['README.md', ...docs.map((name) => join('docs', name))].map((file) => ({
      file,
      blocks: [...readFileSync(join(root, file), 'utf8').matchAll(/```console\n(.*?)```/gs)],
    }));
    const shown = pages.filter(({ blocks }) => blocks.length > 0).map(({ file }) => file);
    expect(shown).toEqual(['README.md', 'docs/GUIDE.md']);
    for (const { file, blocks } of pages)
      for (const [, block = ''] of blocks)
        expect(
          played.filter((text) => text.includes(block)),
          `${file}\n${block}`,
        ).not.toEqual([]);
  });

  it('has the help in docs/cli.md that the commands print', () => {
    expect(readFileSync(join(root, 'docs', 'cli.md'), 'utf8')).toBe(commandLinePage());
  });
});
