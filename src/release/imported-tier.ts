import { type Problem, printable, stated } from '../core/index.ts';
import { type ReleaseFiles } from './files.ts';
import { type Imported, type RecordedMigration, type Release } from './release.ts';
import { type ImportedPart, takeApart } from './imported-parts.ts';
import { migrationPart, placeholderIn } from './migration-part.ts';
import { type Parser, type Statement } from './parser.ts';
import { unwrapped } from './sequence.ts';
import { areOfTool } from './tool-files.ts';
import { belowMigrations, sourceOf, toolSteps } from './tool-steps.ts';

/** What a release says of all its imported migrations, and a parser. */
export interface ImportedRelease {
  readonly imported: Pick<Imported, 'tool' | 'history'>;
  /** The text of Drizzle's journal; null: there is none. */
  readonly journal: string | null;
  readonly database: string;
  readonly parser: Parser;
}

/** One statement of an imported tier: of the file, or the lock or row of the tool's history. */
export interface ImportedStep {
  readonly what: 'file' | 'history';
  readonly sql: string;
}

/** What a tier is that was imported. */
export interface ImportedTier {
  readonly up: readonly ImportedStep[];
  /** null: the migration has no down, or its parts have none; then a down.sql is written by hand, between the lock and the row. */
  readonly down: readonly ImportedStep[] | null;
  /** What begins and ends a down.sql that is written by hand. */
  readonly around: readonly [lock: ImportedStep, remove: ImportedStep];
  /** A condition that holds for its row of the history alone. */
  readonly found: string;
  /** That row by its columns, values as SQL. */
  readonly row: Readonly<Record<string, string>>;
  /** The tiers before it; none: its own tier has the statements. */
  readonly parts: readonly ImportedPart[];
  /** Why its down cannot be divided among the parts; null: it can, or there is none. */
  readonly oneWay: string | null;
  /** What the parts say in other words than the file, for people. */
  readonly changes: readonly string[];
  /** As the files have them; null: there is no down. */
  readonly statements: readonly Statement[];
  readonly undoing: readonly Statement[] | null;
  readonly problems: readonly Problem[];
}

/**
 * What the tier of a migration must be: the tool's lock, the statements of the file, the row that the tool would write. `import` writes it, and
 * every reading of a release compares with it.
 *
 * Shape   null: a file is none of the tool's for that direction, or the tool refuses it.
 * Errors  IMPORT_UNFIT as problems, those of the parser.
 */
export function importedTier(
  { imported: { tool, history }, journal, database, parser }: ImportedRelease,
  of: Pick<RecordedMigration, 'file' | 'known' | 'down' | 'parts'>,
  texts: { readonly up: string; readonly down: string | null },
): ImportedTier | null {
  if (!areOfTool(tool, belowMigrations(of.file), of.down === undefined ? null : belowMigrations(of.down.file)))
    return null;
  const steps = toolSteps(tool, { ...history, database }, sourceOf(of, { text: texts.up, journal }));
  const part = migrationPart(tool, texts.up, 'up');
  if (steps === null || part === null) return null;
  const back = of.down === undefined ? migrationPart(tool, texts.up, 'down') : texts.down;
  const [up, down] = [parser.parse(of.file, part), back === null ? null : parser.parse(of.down?.file ?? of.file, back)];
  const own = (sql: string): ImportedStep => ({ what: 'history', sql });
  const [lock, add, remove] = [own(steps.lock), own(steps.add), own(steps.remove)];
  const apart =
    of.parts === undefined
      ? null
      : takeApart({ up: up.statements, down: down === null ? null : down.statements }, parser);
  const around = (statements: readonly Statement[], last: ImportedStep): readonly ImportedStep[] => [
    lock,
    ...unwrapped(apart === null ? statements : []).map(({ step }): ImportedStep => ({ what: 'file', sql: step.sql })),
    last,
  ];
  const oneWay = apart?.oneWay ?? null;
  return {
    up: around(up.statements, add),
    down: down === null || oneWay !== null ? null : around(down.statements, remove),
    parts: apart?.parts ?? [],
    oneWay,
    changes: apart?.changes ?? [],
    around: [lock, remove],
    found: steps.found,
    row: steps.row,
    statements: unwrapped(up.statements),
    undoing: down === null ? null : unwrapped(down.statements),
    problems: [
      ...filled(tool, of.file, texts.up),
      ...(of.down === undefined ? [] : filled(tool, of.down.file, texts.down ?? '')),
      ...up.problems,
      ...(down?.problems ?? []),
      ...(apart?.problems ?? []),
    ],
  };
}

/** The first and the last statement of the down of a tier that people write for a migration which has none; null: it is no such tier. */
export function aroundDown(
  { imported, database }: Pick<Release, 'imported' | 'database'>,
  of: { readonly tier: string; readonly files: ReleaseFiles; readonly parser: Parser },
): readonly [string, string] | null {
  const record = imported?.migrations.find(({ tier }) => tier === of.tier);
  if (imported === undefined || record === undefined) return null;
  const text = (file: string | undefined): string | null => (file === undefined ? null : (of.files.get(file) ?? null));
  const release = { imported, journal: text(imported.journal?.file), database, parser: of.parser };
  const tier = importedTier(release, record, { up: text(record.file) ?? '', down: text(record.down?.file) });
  const [lock, remove] = tier?.around ?? [];
  return lock === undefined || remove === undefined ? null : [lock.sql, remove.sql];
}

/** The file alone would not say what runs. */
function filled(tool: Imported['tool'], file: string, text: string): readonly Problem[] {
  const placeholder = placeholderIn(tool, text);
  if (placeholder === null) return [];
  const line = text.slice(0, text.indexOf(placeholder)).split('\n').length;
  return [
    {
      code: 'IMPORT_UNFIT',
      ...stated`${{ tool }} fills placeholders here: ${{ placeholder: printable(placeholder) }}`,
      fix: 'write the values into the migration, then import it again: placeholders are not sealed',
      place: { file, line, column: 1 },
    },
  ];
}
