import { readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { type Session } from '../database/index.ts';
import { loadParser, readFiles, slugOf, writeReleaseFiles } from '../release/index.ts';
import { draftImport, type ImportDraft } from './draft-release.ts';
import { historyTables } from './history-tables.ts';
import { type MigrationProject } from './migration.ts';
import { importedToolOf } from './pending-tiers.ts';
import { readPending } from './read-pending.io.ts';
import { type RepositoryFiles } from './repository.ts';

/** A release that was imported: the paths that were written, and what it holds now. */
export interface ImportedFolder extends Omit<ImportDraft, 'files'> {
  readonly written: readonly string[];
  /** The table of the history, quoted as in SQL. */
  readonly history: string;
  /** What the history has and the folder of migrations has not. */
  readonly unknown: readonly string[];
}

/**
 * Writes what is pending in a database as a release into a folder, or adds it to the release that an earlier import wrote there. The database is
 * only read.
 *
 * Errors  those of draftImport and readPending, IMPORT_NO_HISTORY; before anything is written.
 */
export async function importRelease(
  session: Pick<Session, 'query'>,
  of: {
    readonly project: MigrationProject;
    readonly files: RepositoryFiles;
    readonly folder: string;
    /** The table of the history, where several fit. */
    readonly named: string | null;
  },
): Promise<ImportedFolder> {
  const { project, files, folder, named } = of;
  const tool = importedToolOf(project);
  const pending = await readPending(session, { project, named });
  const { history } = pending;
  if (history === null) {
    // goose refuses a history without its row of version 0
    const first = tool === 'goose' ? '; INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true)' : '';
    const own = historyTables[tool];
    throw new OneRoofError('IMPORT_NO_HISTORY', {
      ...stated`the database has no history of ${{ tool }}, so what is pending there is not known`,
      fix:
        own === undefined
          ? `let ${tool} make it, with no migration pending, then import again; a table with another name: --history SCHEMA.TABLE`
          : `make it as ${tool} does, as the owner of the database: ${own}${first};`,
    });
  }
  const isNew = (await readdir(folder).catch(() => [])).length === 0;
  const draft = draftImport(
    { project, pending: { ...pending, history }, files, parser: await loadParser() },
    { name: slugOf(basename(resolve(folder))), existing: isNew ? null : await readFiles(folder) },
  );
  const written = await writeReleaseFiles(folder, draft.files);
  return {
    written,
    added: draft.added,
    tiers: draft.tiers,
    withoutDown: draft.withoutDown,
    changes: draft.changes,
    history: printable(pending.table ?? ''),
    unknown: pending.unknown,
  };
}
