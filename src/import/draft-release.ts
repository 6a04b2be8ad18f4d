import { OneRoofError, printable, stated, type Stated } from '../core/index.ts';
import {
  fileDigest,
  historyName,
  type Imported,
  type ImportedTier,
  importedTier,
  journalFile,
  metricsOf,
  type Parser,
  type RecordedMigration,
  readManifest,
  type ReleaseFiles,
  slugOf,
  toolRows,
  writtenTables,
} from '../release/index.ts';
import {
  type ImportSource,
  importedToolOf,
  journalOf,
  type PendingTier,
  pendingTiers,
  whyOneWay,
} from './pending-tiers.ts';
import { type ImportedParts, newManifest, writeParts } from './release-yaml.ts';
import { filesOf, type NamedTier, type SealedFiles, tiersOf } from './tier-files.ts';

/** What an import makes of a folder. */
export interface ImportDraft {
  /** Every file that differs from what is there, by its path; release.yaml is the last. */
  readonly files: ReadonlyMap<string, string>;
  /** The tiers that are new. */
  readonly added: readonly string[];
  /** All imported tiers, and those without a down. */
  readonly tiers: readonly string[];
  readonly withoutDown: readonly string[];
  /** What tiers say in other words than the files of the migrations, for people. */
  readonly changes: readonly string[];
}

/**
 * Makes the release of what is pending, or adds to the one that is there what became pending since. What people wrote is not changed.
 *
 * Errors  IMPORT_TOOL, IMPORT_NOTHING, IMPORT_UNFIT, IMPORT_CONFLICT, those of reading release.yaml.
 */
export function draftImport(
  source: ImportSource,
  of: { readonly name: string; readonly existing: ReleaseFiles | null },
): ImportDraft {
  const tool = importedToolOf(source.project);
  const { history } = source.pending;
  const pending = pendingTiers(source);
  if (pending.length === 0)
    throw new OneRoofError('IMPORT_NOTHING', {
      ...stated`${{ history: printable(historyName(history)) }} has every migration of this folder`,
      fix: `write the next migration with ${tool}, then import again`,
    });
  const text = of.existing?.get('release.yaml') ?? null;
  const begun =
    text === null || of.existing === null ? null : begunImport({ text, files: of.existing, source, pending });
  const tiers = withIds(pending, begun);
  const searchPath = [...new Set([...(followsSearchPath.has(tool) ? [history.schema] : []), 'public'])];
  const shared = { tool, history, parser: source.parser, schema: searchPath[0] ?? 'public' };
  const now = { tiers, journal: journalOf(source) };
  const parts = partsOf({ ...shared, ...now });
  const was = begun === null ? null : partsOf({ ...shared, ...begun });
  const before = begun === null || was === null ? new Map<string, string>() : filesOf(begun, was);
  const files = changedFiles(of.existing, before, filesOf(now, parts));
  const base = text ?? newManifest({ name: of.name, tool, database: history.database, searchPath, tiers: parts.tiers });
  const manifest = writeParts(base, parts, was);
  if (manifest !== text) files.set('release.yaml', manifest);
  const known = new Set(begun?.tiers.map(({ record }) => record.tier));
  return {
    files,
    added: tiers.flatMap(({ record }) => (known.has(record.tier) ? [] : idsOf(record))),
    tiers: tiers.flatMap(({ record }) => idsOf(record)),
    withoutDown: tiers.flatMap(({ record, oneWay }) => (oneWay === null ? [] : idsOf(record))),
    changes: tiers.flatMap(({ tier }) => tier.changes),
  };
}

const idsOf = ({ parts = [], tier }: RecordedMigration): readonly string[] => [...parts, tier];

/** Tools whose table, where it has no schema of its own, is in the first schema in which their migrations make tables. */
const followsSearchPath: ReadonlySet<string> = new Set([
  'golang-migrate',
  'goose',
  'dbmate',
  'flyway',
  'prisma',
  'sqlx',
  'diesel',
]);

/** What the folder has of an import before this one. */
interface BegunImport extends SealedFiles {
  readonly imported: Imported;
  /** How many tiers the release has, those that people wrote too. */
  readonly count: number;
}

/** Reads the import that is there, and holds that what is pending now continues it. */
function begunImport(of: {
  readonly text: string;
  readonly files: ReleaseFiles;
  readonly source: ImportSource;
  readonly pending: readonly PendingTier[];
}): BegunImport {
  const { source, files, pending } = of;
  const manifest = readManifest(of.text);
  const { import: imported } = manifest;
  const { tool } = source.project;
  const { history } = source.pending;
  if (imported === undefined)
    throw conflict(stated`it is a release that was not imported`, 'name another folder: --into FOLDER');
  if (imported.tool !== tool || historyName(imported.history) !== historyName(history))
    throw conflict(
      stated`it holds migrations of ${{ tool: imported.tool }} in ${{ history: historyName(imported.history) }}, and these are of ${{ otherTool: tool }} in ${{ otherHistory: historyName(history) }}`,
      'name another folder: --into FOLDER',
    );
  if (manifest.database !== history.database)
    throw conflict(
      stated`it is for the database ${{ database: manifest.database }}, and the target is ${{ otherDatabase: history.database }}`,
      'name another folder: --into FOLDER, or the other target: --target NAME',
    );
  imported.migrations.forEach(({ file, tier }, index) => {
    const now = pending[index]?.record.file;
    if (now === file) return;
    throw conflict(
      pending.some(({ record }) => record.file === file)
        ? stated`${{ tool }} would run ${{ migration: now ?? '' }} before ${{ file }} now, and tier ${{ tier }} is ${{ tierFile: file }}`
        : stated`${{ file }} is not pending any more, and tier ${{ tier }} is that migration`,
      'import what is pending now into another folder: --into FOLDER',
    );
  });
  const journal = imported.journal === undefined ? null : (files.get(imported.journal.file) ?? null);
  const tiers = imported.migrations.map((record): NamedTier => {
    const [up, down] = [files.get(record.file), record.down === undefined ? null : files.get(record.down.file)];
    const tier =
      up === undefined || down === undefined
        ? null
        : importedTier({ imported, journal, database: manifest.database, parser: source.parser }, record, { up, down });
    if (tier === null)
      throw conflict(
        stated`${{ file: record.file }} is missing or is no migration of ${{ tool }}`,
        'put the file back',
        record.file,
      );
    const copies = new Map([
      [record.file, up ?? ''],
      ...(record.down === undefined ? [] : [[record.down.file, down ?? ''] as const]),
    ]);
    return { record, tier, copies, title: '', oneWay: whyOneWay(record, tier) };
  });
  return { imported, tiers, journal, count: manifest.tiers.length };
}

function conflict({ problem, facts }: Stated, fix: string, file = 'release.yaml'): OneRoofError {
  return new OneRoofError('IMPORT_CONFLICT', { problem: printable(problem), facts, fix, place: { file } });
}

function withIds(pending: readonly PendingTier[], begun: BegunImport | null): readonly NamedTier[] {
  let number = begun?.count ?? 0;
  const next = (name: string): string => `${(number += 1)}-${name}`;
  return pending.map(({ record, tier, copies, migration, oneWay }, index) => {
    const known = begun?.tiers[index];
    if (known !== undefined && modesOf(known.tier) !== modesOf(tier))
      throw conflict(
        stated`${{ file: record.file }} is cut into tiers otherwise than tier ${{ tier: known.record.tier }} and those before it`,
        'import what is pending now into another folder: --into FOLDER',
      );
    const { parts } = tier;
    const slug = slugOf(migration.name);
    const ids = known?.record ?? {
      ...(parts.length === 0
        ? {}
        : { parts: parts.map((_, at) => next(parts.length === 1 ? slug : `${slug}-${at + 1}`)) }),
      tier: next(parts.length === 0 ? slug : `${slug}-history`),
    };
    const named = { tier: ids.tier, ...(ids.parts === undefined ? {} : { parts: ids.parts }), ...record };
    return { record: named, tier, copies, oneWay, title: printable(migration.name).slice(0, 200) };
  });
}

const modesOf = ({ parts }: ImportedTier): string => parts.map(({ transaction }) => transaction).join();

function partsOf(
  of: SealedFiles & {
    readonly tool: Imported['tool'];
    readonly history: Imported['history'];
    readonly parser: Parser;
    /** Where a table is that a statement names without a schema. */
    readonly schema: string;
  },
): ImportedParts {
  const { tool, history, tiers, schema, journal } = of;
  const { varies } = toolRows[tool];
  const written = tiers.flatMap(({ tier: { statements, undoing, parts } }) =>
    // DROP INDEX does not name its table, the CREATE INDEX of its down does
    writtenTables([...statements, ...(parts.length === 0 ? [] : (undoing ?? []))], schema),
  );
  const tables = [...new Set([history, ...written].map((one) => patternOf(one.schema, one.table)))];
  return {
    imported: {
      tool,
      history: { schema: history.schema, table: history.table },
      ...(journal === null ? {} : { journal: { file: journalFile, digest: fileDigest(journal) } }),
      migrations: tiers.map(({ record }) => record),
    },
    touches: tables,
    varies: varies.map((column) => `${history.schema}.${history.table}.${column}`),
    metrics: metricsOf(
      { tool, history },
      tiers.map(({ tier }) => tier.found),
      tiers[0]?.record.known ?? {},
    ),
    tiers: tiers.flatMap(tiersOf),
  };
}

/** As `touches` has a name: in quotes where it needs them. */
function patternOf(...parts: readonly string[]): string {
  return parts.map((part) => (/[."\s*]/.test(part) ? `"${part.replaceAll('"', '""')}"` : part)).join('.');
}

/** The files to write. One that people changed stays, unless the import has something else to say in it now. */
function changedFiles(
  existing: ReleaseFiles | null,
  before: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string>,
): Map<string, string> {
  const changed = new Map<string, string>();
  for (const [path, content] of wanted) {
    const [there, was] = [existing?.get(path), before.get(path)];
    if (there === content || (there !== undefined && was === content)) continue;
    if (there !== undefined && there !== was)
      throw conflict(
        stated`${{ file: path }} has to change, and it is not as the last import wrote it`,
        `move your change elsewhere and remove ${path}, then import again`,
        path,
      );
    changed.set(path, content);
  }
  for (const path of before.keys())
    if (!wanted.has(path) && existing?.has(path) === true)
      throw conflict(
        stated`the migration has no ${{ file: path }} any more`,
        `remove ${path}, then import again`,
        path,
      );
  return changed;
}
