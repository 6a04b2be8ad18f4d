import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changedSinceMain, choose, readKnownFile } from '../../src/check/index.ts';
import { earlierProject, findProjects, listRepository, readProject } from '../../src/import/index.ts';
import { loadParser } from '../../src/release/index.ts';
import { withFiles } from './repository.io.ts';

function git(folder: string, ...words: readonly string[]): void {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org'];
  const { status, stderr } = spawnSync('git', ['-C', folder, ...identity, ...words], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

function commit(folder: string): void {
  git(folder, 'add', '.');
  git(folder, 'commit', '-qm', 'a change');
}

function begin(folder: string): void {
  git(folder, 'init', '-q', '-b', 'main');
  commit(folder);
  git(folder, 'checkout', '-qb', 'work');
}

/** The migrations that would be judged. */
async function judgedIn(folder: string): Promise<readonly string[]> {
  const repository = await listRepository(folder);
  const [found] = findProjects(repository);
  const changed = await changedSinceMain(repository.root);
  if (found === undefined || 'unknown' in changed) throw new Error('nothing to compare');
  const project = readProject(repository, found, await loadParser());
  const earlier = await earlierProject(repository, { project, ...changed });
  const { judged } = choose(project, { which: 'new' }, { ...changed, earlier, isFile: () => true });
  return [...judged].map(({ id }) => id);
}

describe('what is new on a branch', () => {
  const journal = (...tags: readonly string[]): string =>
    JSON.stringify({ dialect: 'postgresql', entries: tags.map((tag, at) => ({ tag, when: at + 1 })) });
  const files = Object.fromEntries(
    ['a', 'b', 'c', 'd'].map((tag) => [`m/${tag}.sql`, `create table ${tag} (id int);`]),
  );

  it('is what runs in another place, and what the tool did not know, though no file of SQL changed', () =>
    withFiles({ ...files, 'm/meta/_journal.json': journal('a', 'b', 'c') }, async (folder) => {
      begin(folder);
      const path = join(folder, 'm', 'meta', '_journal.json');
      expect(await judgedIn(folder)).toEqual([]);
      writeFileSync(path, journal('a', 'c', 'b'));
      commit(folder);
      expect(await judgedIn(folder)).toEqual(['c', 'b']);
      writeFileSync(path, journal('a', 'b', 'c', 'd'));
      expect(await judgedIn(folder)).toEqual(['d']);
      writeFileSync(path, journal('a', 'b', 'c'));
      expect(await judgedIn(folder)).toEqual([]);
    }));
});

describe('the baseline', () => {
  const known = (migration: string): string =>
    JSON.stringify({ version: 1, faults: [{ migration, code: 'data-lost', cause: `sha256:${'a'.repeat(64)}` }] });
  const read = async (folder: string): Promise<readonly [faults: readonly string[], note: string | null]> => {
    const { root } = await listRepository(folder);
    const { faults, note } = await readKnownFile(join(folder, 'known.json'), {
      root,
      changed: await changedSinceMain(root),
    });
    return [faults.faults.map(({ migration }) => migration), note];
  };

  it('is that of the merge base, whatever the branch says', () =>
    withFiles({ 'known.json': known('of main') }, async (folder) => {
      begin(folder);
      expect(await read(folder)).toEqual([['of main'], null]);
      writeFileSync(join(folder, 'known.json'), known('of the branch'));
      commit(folder);
      expect(await read(folder)).toEqual([['of main'], expect.stringContaining('this branch changes the baseline')]);
    }));

  it('lists nothing where the merge base has none, or what is none', () =>
    withFiles({ 'a.txt': '' }, async (folder) => {
      begin(folder);
      writeFileSync(join(folder, 'known.json'), known('of the branch'));
      expect(await read(folder)).toEqual([[], expect.stringContaining('counts once it is merged')]);
      git(folder, 'checkout', '-q', 'main');
      writeFileSync(join(folder, 'known.json'), '{}');
      commit(folder);
      git(folder, 'checkout', '-q', '-B', 'work');
      writeFileSync(join(folder, 'known.json'), known('of the branch'));
      expect(await read(folder)).toEqual([[], expect.stringContaining('is not valid')]);
    }));

  it('is the file itself where there is no merge base, and that is said', () =>
    withFiles({ 'known.json': known('of the file') }, async (folder) => {
      expect(await read(folder)).toEqual([['of the file'], expect.stringContaining('that of the branch itself')]);
    }));
});
