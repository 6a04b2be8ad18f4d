import { type Parser } from '../release/index.ts';
import { historyTables } from './history-tables.ts';
import { type MigrationProject } from './migration.ts';
import { type RepositoryFiles, fileTreeOf } from './repository.ts';
import { type FoundProject } from './tool.ts';
import { tools } from './tools.ts';

/** Reads a folder of migrations in its tool's own order. Nothing is thrown: what cannot be run says why. */
export function readProject(files: RepositoryFiles, found: FoundProject, parser: Parser): MigrationProject {
  const { tool: name, folder, knownBy } = found;
  const tool = tools.find((one) => one.name === name);
  const read = tool?.read({ tree: fileTreeOf(files), folder, parser }) ?? { migrations: [], warnings: [] };
  const before = historyTables[name];
  return { tool: name, folder, knownBy, ...(before === undefined ? {} : { before }), ...read };
}
