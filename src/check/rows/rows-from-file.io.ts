import { readFileSync } from 'node:fs';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import { type Session } from '../../database/index.ts';
import { loadParser } from '../../release/index.ts';
import { whyRefused } from './refused-row.ts';
import { asSchemaSession } from './schema-settings.io.ts';

/** What a newer pg_dump writes around its SQL, for psql alone. */
const restrict = /^\\(?:un)?restrict [A-Za-z0-9]+[ \t\r]*$/gm;

/**
 * Runs a SQL file of the user, with rows for the tables, in one transaction, as the role of the session. Answers how many rows it inserted.
 *
 * Errors  CHECK_ROWS where the file cannot be read, or the server refuses a statement; those of the parser (SQL_SYNTAX, SQL_COPY_INLINE, …).
 */
export async function rowsFromFile(session: Session, file: string): Promise<number> {
  const { statements, problems } = (await loadParser()).parse(file, readRowsFile(file).replaceAll(restrict, ''));
  OneRoofError.throwIfAny(problems);
  return asSchemaSession(session, async () => {
    let rows = 0;
    await session.run('begin');
    try {
      for (const { step } of statements) {
        const result = await session.run(step.sql).catch((cause: unknown) => {
          throw refused(file, { line: step.place.line, why: whyRefused(cause), cause });
        });
        if (/^INSERT\b/.test(result.command)) rows += result.rows ?? 0;
      }
      await session.run('commit').catch((cause: unknown) => {
        throw refused(file, { line: 1, why: whyRefused(cause), cause });
      });
      return rows;
    } catch (error) {
      await session.run('rollback');
      throw error;
    }
  });
}

/**
 * Reads such a file.
 *
 * Errors  CHECK_ROWS.
 */
export function readRowsFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw refused(file, { line: 1, why: 'it cannot be read', cause });
  }
}

function refused(
  file: string,
  { line, why, cause }: { readonly line: number; readonly why: string; readonly cause: unknown },
): OneRoofError {
  return new OneRoofError('CHECK_ROWS', {
    ...stated`the rows of ${{ file: printable(file) }} could not be inserted: ${{ why }}`,
    fix: `correct ${printable(file)}:${line}; pg_dump --data-only --inserts writes such a file`,
    place: { file, line },
    cause,
  });
}
