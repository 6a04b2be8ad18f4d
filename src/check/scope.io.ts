import { runGit } from '../import/index.ts';

/** The files that are new or changed, those that are gone, and since when. */
export interface ChangedPaths {
  /** From the root of the repository. */
  readonly paths: ReadonlySet<string>;
  readonly gone: readonly string[];
  /** Those of `paths` that were there before. */
  readonly altered: readonly string[];
  /** The commit of the merge base, in full. */
  readonly base: string;
  /** In words that end a sentence: `the merge base with origin/main (4e1c0ab)`. */
  readonly since: string;
}

/** Where the work of others is, the best first. */
const mains = ['origin/HEAD', 'origin/main', 'origin/master', 'main', 'master'];

const asNames = ['diff', '--name-only', '--no-ext-diff', '--no-textconv', '--no-renames', '-z'];

/** What was added or changed in a repository since it left the main branch, also what is not committed; or why that is unknown. */
export async function changedSinceMain(root: string): Promise<ChangedPaths | { readonly unknown: string }> {
  if ((await runGit(root, ['rev-parse', '--verify', '--quiet', 'HEAD'])) === null)
    return { unknown: 'this is no Git repository with a commit' };
  for (const main of mains) {
    const base = (await runGit(root, ['merge-base', 'HEAD', main]))?.trim();
    if (base === undefined || base === '') continue;
    const differing = (filter: string): Promise<string | null> =>
      runGit(root, [...asNames, `--diff-filter=${filter}`, base]);
    const added = await differing('A');
    const altered = await differing('ad');
    const gone = await differing('D');
    const untracked = await runGit(root, ['ls-files', '--others', '--exclude-standard', '-z']);
    if (added === null || altered === null || gone === null || untracked === null) continue;
    const list = (text: string): readonly string[] => text.split('\0').filter((path) => path !== '');
    return {
      paths: new Set([...list(added), ...list(altered), ...list(untracked)]),
      gone: list(gone),
      altered: list(altered),
      base,
      since: `the merge base with ${main} (${base.slice(0, 7)})`,
    };
  }
  return {
    unknown: `there is no merge base with ${mains.slice(1).join(', ')}: a shallow clone has none (git fetch --unshallow)`,
  };
}
