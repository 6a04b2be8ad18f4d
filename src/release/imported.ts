import { type Place, type Problem, printable, truncate } from '../core/index.ts';
import { readRoutineBody } from './body.ts';
import { fileDigest } from './imported-form.ts';
import { type ImportedStep, type ImportedTier, importedTier } from './imported-tier.ts';
import { type Declared } from './names.ts';
import { type Parser } from './parser.ts';
import { type ReleaseFiles } from './files.ts';
import { type Imported, type Step, type Tier } from './release.ts';
import { writtenTables } from './written-tables.ts';

interface Work extends Declared {
  readonly files: ReleaseFiles;
  readonly parser: Parser;
  readonly used: Set<string>;
}

/**
 * Holds that each imported tier is what its migration says: the statements of the sealed file and the row of the tool's history, whose checksum is
 * that of the file's bytes. So nothing else can be recorded as that migration.
 *
 * Errors  IMPORT_FILE_CHANGED, IMPORT_STATEMENTS, IMPORT_HISTORY, FILE_MISSING, NAME_UNKNOWN, NAME_TWICE as problems.
 */
export function checkImported(work: Work, tiers: readonly Tier[]): void {
  const { import: imported } = work.manifest;
  if (imported === undefined) return;
  let last = 0;
  imported.migrations.forEach((_, index) => {
    last = checkMigration(work, imported, { tiers, index, last });
  });
  const own = new Set(imported.migrations.map(({ tier }) => tier));
  for (const tier of tiers) if (!own.has(tier.id)) checkOwn(work, imported, [...tier.up, ...tier.down]);
}

/** Statements that people wrote leave the history alone: else it could say that a migration ran whose statements are not there. */
function checkOwn({ parser, problems }: Work, { history, tool }: Imported, steps: readonly Step[]): void {
  const { schema, table } = history;
  for (const { sql, place } of steps) {
    const statements = (parser.tryParse(sql) ?? []).flatMap((one) => [one, ...readRoutineBody(one, parser).statements]);
    if (writtenTables(statements, schema).some((one) => one.schema === schema && one.table === table))
      problems.push({
        code: 'IMPORT_HISTORY',
        problem: `this is no statement of a migration of ${tool}, and it changes ${printable(`${schema}.${table}`)}, the history of the tool`,
        fix: 'remove the statement: oneroof import writes the rows of the history, for the tiers that it makes',
        place,
      });
  }
}

/** Checks one migration, and says the number of its tier. */
function checkMigration(
  work: Work,
  imported: Imported,
  { tiers, index, last }: { readonly tiers: readonly Tier[]; readonly index: number; readonly last: number },
): number {
  const { manifest, placeOf, files, parser, problems } = work;
  const of = imported.migrations[index] as Imported['migrations'][number];
  const place = (...path: readonly string[]): Place => placeOf(['import', 'migrations', index, ...path]);
  const tier = tiers.find(({ id }) => id === of.tier);
  if (tier === undefined || tier.order <= last) {
    problems.push({
      code: tier === undefined ? 'NAME_UNKNOWN' : 'NAME_TWICE',
      problem:
        tier === undefined ? `the tier ${of.tier} is unknown` : `the tier ${of.tier} is named twice, or out of order`,
      fix: 'name each imported tier once, in the order of `tiers`',
      place: place('tier'),
    });
    return last;
  }
  const texts: (string | null)[] = [];
  for (const [one, key] of [
    [of, []],
    [of.down, ['down']],
  ] as const) {
    const text = one === undefined ? null : readCopy(work, one, place(...key, 'file'));
    texts.push(text);
    if (one !== undefined && text === null) return tier.order;
  }
  const [up, down] = texts;
  const expected = importedTier({ imported, database: manifest.database, parser }, of, {
    up: up ?? '',
    down: down ?? null,
  });
  if (expected === null) {
    problems.push({
      code: 'IMPORT_HISTORY',
      problem: `${printable(of.file)} is no migration of ${imported.tool}: its name, its text or \`known\` lacks what the history records`,
      fix: 'let oneroof import write this part of release.yaml',
      place: place('file'),
    });
    return tier.order;
  }
  problems.push(...expected.problems);
  const folder = `tiers/${tier.id}`;
  if (files.has(`${folder}/up.sql`))
    problems.push(...compare(expected.up, tier.up, { file: `${folder}/up.sql`, of: of.file }));
  if (files.has(`${folder}/down.sql`))
    problems.push(...compareDown(expected, tier.down, { file: `${folder}/down.sql`, of: of.down?.file ?? of.file }));
  if (expected.down === null) checkOwn(work, imported, tier.down.slice(1, -1));
  return tier.order;
}

/** The text of a copied file, if it is the one that was recorded. */
function readCopy(
  { files, used, problems }: Pick<Work, 'files' | 'used' | 'problems'>,
  { file, digest }: { readonly file: string; readonly digest: string },
  place: Place,
): string | null {
  const text = files.get(file);
  used.add(file);
  if (text === undefined) {
    problems.push({
      code: 'FILE_MISSING',
      problem: `the imported migration ${printable(file)} is missing`,
      fix: 'import it again: oneroof import',
      place,
    });
    return null;
  }
  if (fileDigest(text) === digest) return text;
  problems.push({
    code: 'IMPORT_FILE_CHANGED',
    problem: `${printable(file)} is not the file that was imported: its SHA-256 is another one`,
    fix: 'change the migration in its own repository, and import it again: oneroof import',
    place,
  });
  return null;
}

interface Compared {
  /** The file of the tier. */
  readonly file: string;
  /** The file of the migration. */
  readonly of: string;
}

/** A down of the tool is compared whole; one that is written by hand only has to take the lock and to remove the row. */
function compareDown(
  { down, around: [lock, remove] }: ImportedTier,
  actual: readonly Step[],
  at: Compared,
): readonly Problem[] {
  if (down !== null) return compare(down, actual, at);
  const own = actual.slice(1, -1).map(({ sql }): ImportedStep => ({ what: 'file', sql }));
  return compare([lock, ...own, remove], actual, at);
}

/** The first statement that is not the one that it has to be. */
function compare(
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
          problem: `${found === undefined ? `${file} ends without` : 'this is not'} the statement on the tool's history that belongs to ${printable(of)}`,
          fix: `write: ${shown(wanted.sql)};`,
          place,
        }
      : {
          code: 'IMPORT_STATEMENTS',
          problem: `${file} is not what ${printable(of)} says: ${found === undefined ? 'a statement is missing' : wanted?.what === 'file' ? 'this statement is another one' : 'this statement is not in it'}`,
          fix:
            wanted?.what === 'file'
              ? `write: ${shown(wanted.sql)}; to change it, change the migration and import it again`
              : 'remove the statement, or write it into a tier of its own',
          place,
        },
  ];
}
