import { type Problem, printable, stated, truncate } from '../core/index.ts';
import { type ImportedStep, type ImportedTier } from './imported-tier.ts';
import { type Step } from './release.ts';

/** Which files are compared. */
interface Compared {
  /** The file of the tier. */
  readonly file: string;
  /** The file of the migration. */
  readonly of: string;
}

/** A down of the tool is compared whole; one that is written by hand only has to take the lock and to remove the row. */
export function compareDown(
  { down, around: [lock, remove] }: ImportedTier,
  actual: readonly Step[],
  at: Compared,
): readonly Problem[] {
  if (down !== null) return compare(down, actual, at);
  const own = actual.slice(1, -1).map(({ sql }): ImportedStep => ({ what: 'file', sql }));
  return compare([lock, ...own, remove], actual, at);
}

/** The first statement that is not the one that it has to be. */
export function compare(
  expected: readonly ImportedStep[],
  actual: readonly Step[],
  { file, of }: Compared,
): readonly Problem[] {
  const length = Math.max(expected.length, actual.length);
  const at = Array.from({ length }, (_, index) => index).find((index) => expected[index]?.sql !== actual[index]?.sql);
  if (at === undefined) return [];
  const [wanted, found] = [expected[at], actual[at]];
  const place = found?.place ?? actual.at(-1)?.place ?? { file, line: 1, column: 1 };
  const isHistory = wanted?.what === 'history' && actual.length <= expected.length;
  const shown = (sql: string): string => printable(truncate(sql.replaceAll(/\s+/g, ' '), 300));
  return [
    isHistory
      ? {
          code: 'IMPORT_HISTORY',
          ...stated`${found === undefined ? `${file} ends without` : 'this is not'} the statement on the tool's history that belongs to ${{ migration: printable(of) }}`,
          fix: `write: ${shown(wanted.sql)};`,
          place,
        }
      : {
          code: 'IMPORT_STATEMENTS',
          ...stated`${{ file }} is not what ${{ migration: printable(of) }} says: ${found === undefined ? 'a statement is missing' : wanted?.what === 'file' ? 'this statement is another one' : 'this statement is not in it'}`,
          fix:
            wanted?.what === 'file'
              ? `write: ${shown(wanted.sql)}; to change it, change the migration and import it again`
              : 'remove the statement, or write it into a tier of its own',
          place,
        },
  ];
}
