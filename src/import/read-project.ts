import { type Parser } from '../release/index.ts';
import { copiesOfReleases } from './find-projects.ts';
import { historyTables } from './history-tables.ts';
import { type MigrationProject } from './migration.ts';
import { fileTreeOf, isWithin, type RepositoryFiles } from './repository.ts';
import { type FoundProject } from './tool.ts';
import { tools } from './tools.ts';

/** Reads a folder of migrations in its tool's own order. Nothing is thrown: what cannot be run says why. */
export function readProject(files: RepositoryFiles, found: FoundProject, parser: Parser): MigrationProject {
  const { tool: name, folder, knownBy } = found;
  const tool = tools.find((one) => one.name === name);
  const tree = fileTreeOf(files);
  const { migrations, warnings } = tool?.read({ tree, folder, parser }) ?? { migrations: [], warnings: [] };
  const leftOut = copiesOfReleases(tree).filter((copies) => !isWithin(folder, copies));
  const before = historyTables[name];
  return {
    tool: name,
    folder,
    knownBy,
    ...(before === undefined ? {} : { before }),
    migrations,
    warnings: [
      ...warnings,
      ...leftOut.map((file) => ({
        file,
        text: 'it is left out: it has the copies of the release beside it; to check these, name it: --migrations',
      })),
    ],
  };
}
