import { type RecordedMigration } from './release.ts';
import { historyName, type ImportedTool, type RowSource, type ToolHistory, toolRows } from './tool-rows.ts';

/** The statements around those of a migration, each without its semicolon. */
export interface ToolSteps {
  /** Takes the lock of the tool, so that it cannot run at the same time. */
  readonly lock: string;
  /** Writes the row that the tool itself would write. */
  readonly add: string;
  /** Removes it again, as the tool does when it takes the migration back. */
  readonly remove: string;
  /** A condition that holds for this row alone. */
  readonly found: string;
  /** The row by its columns, values as SQL. */
  readonly row: Readonly<Record<string, string>>;
}

/** The statements of one migration; null: the name of its file is not one of the tool's. */
export function toolSteps(tool: ImportedTool, history: ToolHistory, source: RowSource): ToolSteps | null {
  const rows = toolRows[tool];
  const row = rows.row(source);
  if (row === null) return null;
  const name = historyName(history);
  const keys = rows.keys(history);
  const lock =
    keys.length === 0
      ? `LOCK TABLE ${name} IN EXCLUSIVE MODE`
      : `SELECT ${keys.map((key) => `pg_catalog.pg_advisory_xact_lock(${key})`).join(', ')}`;
  const found = [
    ...rows.found.map((column) => `${column} = ${row[column] ?? ''}`),
    ...(rows.stands === undefined ? [] : [rows.stands]),
  ].join(' AND ');
  const columns = Object.keys(row);
  const { before } = source.known;
  // golang-migrate has one row alone, with the version that it has reached
  if (tool === 'golang-migrate' && before !== undefined)
    return {
      lock,
      add: `UPDATE ${name} SET version = ${row['version'] ?? ''} WHERE version = ${before} AND NOT dirty`,
      remove: `UPDATE ${name} SET version = ${before} WHERE version = ${row['version'] ?? ''} AND NOT dirty`,
      found,
      row,
    };
  return {
    lock,
    add: `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map((column) => row[column] ?? '').join(', ')})`,
    remove: `DELETE FROM ${name} WHERE ${found}`,
    found,
    row,
  };
}

/** The folder of a release that holds the files of its migrations. */
export const migrationsFolder = 'migrations/';

/** The path of a copy, as it is below the folder of migrations of its repository. */
export const belowMigrations = (file: string): string => file.slice(migrationsFolder.length);

/** What the row of a recorded migration is made of. */
export const sourceOf = (
  { file, known }: Pick<RecordedMigration, 'file' | 'known'>,
  texts: Pick<RowSource, 'text' | 'journal'>,
): RowSource => ({ path: belowMigrations(file), known, ...texts });
