import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Largest answer of git. Bytes. */
const largest = 512 * 1024 * 1024;

/**
 * Runs git in a folder that nobody has read; null where it refuses or is not installed. The configuration of a repository can name programs that git runs: hooks,
 * a file system monitor, filters for contents, helpers of a remote. All are switched off; a bare repository that is only a folder of files is none. Variables that
 * point git to another repository, as its hooks have them, are not passed on.
 *
 * Source  git-config(1), safe.bareRepository, filter.<driver>.clean; git(1), GIT_CONFIG_COUNT, GIT_NO_LAZY_FETCH.
 */
export async function runGit(folder: string, words: readonly string[]): Promise<string | null> {
  const named = await git(folder, ['config', '--null', '--name-only', '--get-regexp', '^filter\\.'], fixed);
  const filters = (named ?? '').split('\0').filter((name) => /\.(?:clean|smudge|process)$/.test(name));
  return git(folder, words, [...fixed, ...filters.map((name) => [name, ''] as const)]);
}

const fixed: readonly (readonly [key: string, value: string])[] = [
  ['safe.bareRepository', 'explicit'],
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['protocol.allow', 'never'],
];

async function git(
  folder: string,
  words: readonly string[],
  settings: readonly (readonly [key: string, value: string])[],
): Promise<string | null> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  const given = settings.flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  const env = Object.fromEntries([
    ...own,
    ...given,
    ['GIT_CONFIG_COUNT', String(settings.length)],
    ['GIT_NO_LAZY_FETCH', '1'],
    ['GIT_TERMINAL_PROMPT', '0'],
  ]);
  try {
    const args = ['--no-optional-locks', '-C', folder, ...words];
    const { stdout } = await promisify(execFile)('git', args, { env, maxBuffer: largest });
    return stdout;
  } catch {
    return null;
  }
}
