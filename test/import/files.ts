import {
  findProjects,
  type FoundProject,
  type Migration,
  type MigrationProject,
  readProject,
  type RepositoryFiles,
} from '../../src/import/index.ts';
import { loadParser } from '../../src/release/index.ts';

/** A repository that is in memory: path → text. */
export function repositoryOf(files: Readonly<Record<string, string>>): RepositoryFiles {
  return {
    paths: Object.keys(files).toSorted(),
    read: (path) => {
      const text = files[path];
      return text === undefined ? { text: '', problem: 'is missing' } : { text, problem: null };
    },
  };
}

/** Finds the one project of a repository and reads it; fails where there is not exactly one. */
export async function projectOf(files: Readonly<Record<string, string>>): Promise<MigrationProject> {
  const repository = repositoryOf(files);
  const found = findProjects(repository);
  if (found.length !== 1) throw new Error(`found ${JSON.stringify(found)}`);
  return readProject(repository, found[0] as FoundProject, await loadParser());
}

/** The ids in order. */
export function idsOf({ migrations }: MigrationProject): readonly string[] {
  return migrations.map(({ id }) => id);
}

/** One migration by its id. */
export function byId({ migrations }: MigrationProject, id: string): Migration {
  const found = migrations.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no migration ${id} among ${migrations.map((one) => one.id).join(', ')}`);
  return found;
}
