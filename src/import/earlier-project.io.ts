import { loadParser } from '../release/index.ts';
import { runGit } from './git.io.ts';
import { type MigrationProject } from './migration.ts';
import { readProject } from './read-project.ts';
import { byteOrder, isWithin, parentOf, type FileText, type RepositoryFiles } from './repository.ts';

/**
 * The project as it was at a commit, as far as its order and its settings go: files that were not there are left out, and plans, journals, changelogs and
 * configurations in and above its folder say what they said then. Of SQL the text of today is taken: that it changed is known from its path. Null: no such file changed, so the order and
 * the settings are the same.
 */
export async function earlierProject(
  files: RepositoryFiles & { readonly root: string },
  of: {
    readonly project: MigrationProject;
    /** All that was added or altered since the commit, and what was altered. */
    readonly paths: ReadonlySet<string>;
    readonly altered: readonly string[];
    readonly gone: readonly string[];
    readonly base: string;
  },
): Promise<MigrationProject | null> {
  const { project, base } = of;
  const { folder } = project;
  const mayOrder = (path: string): boolean =>
    !path.endsWith('.sql') && (isWithin(path, folder) || isWithin(folder, parentOf(path)));
  const old = [...of.altered, ...of.gone];
  const settings = old.filter(mayOrder);
  if (settings.length === 0 && ![...of.paths].some(mayOrder)) return null;
  const texts = new Map<string, FileText>();
  for (const path of settings) {
    const text = await runGit(files.root, ['show', `${base}:${path}`]);
    texts.set(path, text === null ? { text: '', problem: 'cannot be read' } : { text, problem: null });
  }
  const paths = [...files.paths.filter((path) => !of.paths.has(path)), ...old].toSorted(byteOrder);
  const known = new Set(paths);
  const missing: FileText = { text: '', problem: 'is missing' };
  const earlier: RepositoryFiles = {
    paths,
    read: (path) => texts.get(path) ?? (known.has(path) ? files.read(path) : missing),
  };
  return readProject(earlier, project, await loadParser());
}
