import { type Parser } from '../release/index.ts';
import { type MigrationProject, type ToolName } from './migration.ts';
import { type FileTree } from './repository.ts';

/** A folder of migrations that was found, and by what. */
export type FoundProject = Pick<MigrationProject, 'tool' | 'folder' | 'knownBy'>;

/**
 * How sure it is that a folder belongs to a tool, the surest first. `certain`: a directive of the tool, or a file that names it, in or above the
 * folder; `likely`: such a file elsewhere in the repository; `shape`: only the names of the files; `rest`: numbered files of no tool.
 */
export const strengths = ['certain', 'likely', 'shape', 'rest'] as const;

/** A folder that may be a tool's. */
export interface FittingFolder extends FoundProject {
  readonly strength: (typeof strengths)[number];
}

/** What a tool reads from. */
export interface Reading {
  readonly tree: FileTree;
  readonly folder: string;
  readonly parser: Parser;
}

/** What a tool read: its migrations in its own order, and what was noticed. */
export type ReadMigrations = Pick<MigrationProject, 'migrations' | 'warnings'>;

/** One tool: how its folders are known, and how it reads them. */
export interface MigrationTool {
  readonly name: ToolName;
  find(tree: FileTree): readonly FittingFolder[];
  read(reading: Reading): ReadMigrations;
}

/** Something that was noticed about a file. */
export type ReadWarning = MigrationProject['warnings'][number];
