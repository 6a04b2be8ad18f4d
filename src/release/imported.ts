import { type Place, type Problem, printable, stated } from '../core/index.ts';
import { compare, compareDown } from './imported-compare.ts';
import { fileDigest } from './imported-form.ts';
import { checkParts } from './imported-part-tiers.ts';
import { type ImportedTier, importedTier } from './imported-tier.ts';
import { type Declared } from './names.ts';
import { type Parser } from './parser.ts';
import { type ReleaseFiles } from './files.ts';
import { checkGuards } from './import-guards.ts';
import { checkOwn } from './imported-own.ts';
import { type Imported, type RecordedMigration, type SealedImport, type Tier } from './release.ts';
import { toolRows } from './tool-rows.ts';
import { sourceOf } from './tool-steps.ts';

interface Work extends Declared {
  readonly files: ReleaseFiles;
  readonly parser: Parser;
  readonly used: Set<string>;
}

/**
 * Holds that each imported tier is what its migration says: the statements of the sealed file and the row of the tool's history, whose checksum is
 * that of the file's bytes. So nothing else can be recorded as that migration.
 *
 * Errors  IMPORT_FILE_CHANGED, IMPORT_STATEMENTS, IMPORT_HISTORY, IMPORT_UNFIT, FILE_MISSING, NAME_UNKNOWN, NAME_TWICE as problems.
 */
export function checkImported(work: Work, tiers: readonly Tier[]): SealedImport | null {
  const { import: imported, settings } = work.manifest;
  if (imported === undefined) return null;
  const journal =
    imported.journal === undefined
      ? null
      : readCopy(work, imported.journal, work.placeOf(['import', 'journal', 'file']));
  const expected: ImportedTier[] = [];
  let last = 0;
  imported.migrations.forEach((_, index) => {
    const checked = checkMigration(work, { imported, journal }, { tiers, index, last });
    last = checked.order;
    if (checked.expected !== null) expected.push(checked.expected);
  });
  const found = expected.map((one) => one.found);
  if (found.length === imported.migrations.length) work.problems.push(...checkGuards(work, imported, found));
  const byImport = new Set(imported.migrations.flatMap(({ tier, parts = [] }) => [tier, ...parts]));
  const { parser } = work;
  for (const { id, up, down } of tiers)
    if (!byImport.has(id))
      work.problems.push(...checkOwn([...up, ...down], { parser, imported, searchPath: settings.searchPath }));
  return {
    ...imported,
    migrations: imported.migrations.map((one, index) => {
      const { row = {}, changes = [] } = expected[index] ?? {};
      return { ...one, row, ...(changes.length === 0 ? {} : { changes }) };
    }),
  };
}

/** A tier that is one migration: its number, and what it has to be; null where that is not known. */
interface Checked {
  readonly order: number;
  readonly expected: ImportedTier | null;
}

/** Checks one migration. */
function checkMigration(
  work: Work,
  { imported, journal }: { readonly imported: Imported; readonly journal: string | null },
  { tiers, index, last }: { readonly tiers: readonly Tier[]; readonly index: number; readonly last: number },
): Checked {
  const { manifest, placeOf, files, parser, problems } = work;
  const of = imported.migrations[index] as Imported['migrations'][number];
  const place = (...path: readonly string[]): Place => placeOf(['import', 'migrations', index, ...path]);
  const tier = tiers.find(({ id }) => id === of.tier);
  if (tier === undefined || tier.order <= last) {
    problems.push({
      code: tier === undefined ? 'NAME_UNKNOWN' : 'NAME_TWICE',
      ...(tier === undefined
        ? stated`the tier ${{ tier: of.tier }} is unknown`
        : stated`the tier ${{ tier: of.tier }} is named twice, or out of order`),
      fix: 'name each imported tier once, in the order of `tiers`',
      place: place('tier'),
    });
    return { order: last, expected: null };
  }
  const nothing = { order: tier.order, expected: null };
  const texts: (string | null)[] = [];
  for (const [one, key] of [
    [of, []],
    [of.down, ['down']],
  ] as const) {
    const text = one === undefined ? null : readCopy(work, one, place(...key, 'file'));
    texts.push(text);
    if (one !== undefined && text === null) return nothing;
  }
  const [up, down] = texts;
  const expected = importedTier({ imported, journal, database: manifest.database, parser }, of, {
    up: up ?? '',
    down: down ?? null,
  });
  if (expected === null || !follows(imported, index)) {
    problems.push({
      code: 'IMPORT_HISTORY',
      ...(expected === null
        ? stated`${{ file: printable(of.file) }}${of.down === undefined ? '' : ` with ${printable(of.down.file)}`} is no migration of ${{ tool: imported.tool }}: a name, the text or \`known\` lacks what the history records`
        : stated`${{ file: printable(of.file) }} does not follow the migration before it: \`known\` says another version or rank`),
      fix: 'let oneroof import write this part of release.yaml',
      place: place('file'),
    });
    return nothing;
  }
  problems.push(...expected.problems, ...declaredOtherwise(work, tier));
  const folder = `tiers/${tier.id}`;
  if (files.has(`${folder}/up.sql`))
    problems.push(...compare(expected.up, tier.up, { file: `${folder}/up.sql`, of: of.file }));
  if (files.has(`${folder}/down.sql`))
    problems.push(...compareDown(expected, tier.down, { file: `${folder}/down.sql`, of: of.down?.file ?? of.file }));
  problems.push(
    ...checkParts(work, { of, imported, expected, text: up ?? '' }, { tiers, after: last, before: tier.order }),
  );
  if (expected.down === null) problems.push(...checkOwn(tier.down.slice(1, -1), { parser, imported, searchPath: [] }));
  return { order: tier.order, expected };
}

/**
 * golang-migrate records the version that it has reached alone: each one comes from the one before, and goes to a higher one. Flyway gives each row
 * the rank after the highest. An invariant compares the first with the history.
 */
function follows({ tool, migrations }: Imported, index: number): boolean {
  const [of, previous] = [migrations[index], migrations[index - 1]];
  if (tool === 'flyway')
    return previous === undefined || BigInt(of?.known['rank'] ?? 0) === BigInt(previous.known['rank'] ?? 0) + 1n;
  if (tool !== 'golang-migrate') return true;
  const version = (one: RecordedMigration): bigint =>
    BigInt(toolRows[tool].row(sourceOf(one, { text: '', journal: null }))?.['version'] ?? -1);
  const before = of?.known['before'];
  if (of === undefined || before === undefined) return previous === undefined;
  return BigInt(before) < version(of) && (previous === undefined || BigInt(before) === version(previous));
}

/** What is said of a tier beside its statements, so that they would not run as one, or not at all. */
function declaredOtherwise({ manifest, placeOf }: Work, tier: Tier): readonly Problem[] {
  const index = manifest.tiers.findIndex(({ id }) => id === tier.id);
  return [
    ...(tier.transaction === 'single'
      ? []
      : [
          {
            code: 'IMPORT_STATEMENTS' as const,
            ...stated`${{ tier: tier.id }} is not one transaction, so the lock of the tool ends before its statements`,
            fix: `remove \`transaction: ${tier.transaction}\``,
            place: placeOf(['tiers', index, 'transaction']),
          },
        ]),
    ...(tier.barred === null
      ? []
      : [
          {
            code: 'IMPORT_HISTORY' as const,
            ...stated`${{ tier: tier.id }} is barred, and later rows of the history would say that its migration ran`,
            fix: 'remove `barred`; what must not run yet is imported later',
            place: placeOf(['tiers', index, 'barred']),
          },
        ]),
  ];
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
      ...stated`the imported migration ${{ file: printable(file) }} is missing`,
      fix: 'import it again: oneroof import',
      place,
    });
    return null;
  }
  if (fileDigest(text) === digest) return text;
  problems.push({
    code: 'IMPORT_FILE_CHANGED',
    ...stated`${{ file: printable(file) }} is not the file that was imported: its SHA-256 is another one`,
    fix: 'change the migration in its own repository, and import it again: oneroof import',
    place,
  });
  return null;
}
