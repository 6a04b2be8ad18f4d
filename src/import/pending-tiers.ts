import {
  OneRoofError,
  type Place,
  type Problem,
  printable,
  stated,
  type Stated,
  type ProblemText,
} from '../core/index.ts';
import {
  fileDigest,
  historyName,
  type ImportedTier,
  importedTier,
  type ImportedTool,
  importedTools,
  journalFile,
  migrationsFolder,
  type Parser,
  type RecordedMigration,
  type Statement,
  unwrapped,
} from '../release/index.ts';
import { type PendingIn } from './history-state.ts';
import { type Migration, type MigrationProject, type Script, type ToolName } from './migration.ts';
import { isWithin, type RepositoryFiles } from './repository.ts';

/** A pending migration as a tier; its number and folder are not known yet. */
export interface PendingTier {
  readonly migration: Migration;
  readonly record: Omit<RecordedMigration, 'tier' | 'parts'>;
  readonly tier: ImportedTier;
  /** Why it has no down that a release can hold; null: it has one. */
  readonly oneWay: string | null;
  /** The copies of its files, by their path in the release. */
  readonly copies: ReadonlyMap<string, string>;
}

/** What a release is imported from. */
export interface ImportSource {
  readonly project: MigrationProject;
  readonly pending: PendingIn & { readonly history: NonNullable<PendingIn['history']> };
  readonly files: RepositoryFiles;
  readonly parser: Parser;
}

/**
 * The tool of a project, if a release can hold its history.
 *
 * Errors  IMPORT_TOOL.
 */
export function importedToolOf({ tool }: Pick<MigrationProject, 'tool'>): ImportedTool {
  const found = importedTools.find((one) => one === tool);
  if (found !== undefined) return found;
  throw new OneRoofError('IMPORT_TOOL', {
    ...stated`a release cannot hold the history of ${{ tool }}`,
    fix: `write the release by hand: oneroof init NAME; the tools whose history it can hold: ${importedTools.join(', ')}`,
  });
}

/**
 * The pending migrations, as tiers.
 *
 * Errors  IMPORT_UNFIT at each migration that cannot be one, those of the parser.
 */
export function pendingTiers(source: ImportSource): readonly PendingTier[] {
  const problems: Problem[] = [];
  const journal = journalOf(source);
  let before: Migration | null = null;
  const tiers = source.pending.pending.map((migration, index) => {
    const found = pendingTier(source, { migration, known: knownOf(source, { index, before }), journal });
    before = migration;
    problems.push(...found.problems);
    return found.tier;
  });
  OneRoofError.throwIfAny(problems);
  return tiers.flatMap((one) => one ?? []);
}

/** What the row has that the file does not say. */
function knownOf(
  { project: { tool }, pending: { rows } }: ImportSource,
  { index, before }: { readonly index: number; readonly before: Migration | null },
): Readonly<Record<string, string>> {
  if (tool === 'golang-migrate') {
    const reached = before?.id ?? rows[0]?.['id'] ?? undefined;
    return reached === undefined ? {} : { before: reached };
  }
  if (tool !== 'flyway') return {};
  // the next after the highest, as Flyway does
  return { rank: String(Math.max(0, ...rows.map((row) => Number(row['rank'] ?? 0))) + index + 1) };
}

/**
 * The text of Drizzle's journal, which is sealed beside the migrations; null: the tool has none.
 *
 * Errors  IMPORT_UNFIT.
 */
export function journalOf({ project: { tool, folder }, files }: ImportSource): string | null {
  const path = `${folder === '' ? '' : `${folder}/`}${journalFile.slice(migrationsFolder.length)}`;
  if (tool !== 'drizzle' || !files.paths.includes(path)) return null;
  const { text, problem } = files.read(path);
  const unfit =
    problem === null ? unsealable(path, text) : { ...stated`it ${{ why: problem }}`, fix: 'correct the file' };
  if (unfit !== null) throw new OneRoofError('IMPORT_UNFIT', { ...unfit, place: { file: path } });
  return text;
}

function pendingTier(
  source: ImportSource,
  {
    migration,
    known,
    journal,
  }: { readonly migration: Migration; readonly known: RecordedMigration['known']; readonly journal: string | null },
): { readonly tier: PendingTier | null; readonly problems: readonly Problem[] } {
  const { project, pending, parser } = source;
  const { file } = migration.up;
  const refuse = (
    { problem, facts }: Stated,
    fix: string,
    place: Place = { file },
  ): ReturnType<typeof pendingTier> => ({
    tier: null,
    problems: [{ code: 'IMPORT_UNFIT', problem: printable(problem), facts, fix, place }],
  });
  if (migration.unreadable !== null)
    return refuse(
      stated`${{ migration: migration.name }} cannot be run as SQL: ${{ why: migration.unreadable }}`,
      'let its tool run it before the release, or write it as SQL',
    );
  if (project.tool === 'goose' && pending.rows.some((row) => row['id'] === migration.id))
    return refuse(
      stated`the history has older rows of version ${{ migration: migration.id }}, so a new one cannot be told from them`,
      `remove them as the owner of the table, then import again: DELETE FROM ${historyName(pending.history)} WHERE version_id = ${migration.id};`,
    );
  const downFile = migration.down === null || migration.down.file === file ? null : migration.down.file;
  const copies = new Map<string, string>();
  for (const one of [file, ...(downFile === null ? [] : [downFile])]) {
    const problem = copyOf(source, one, copies);
    if (problem !== null) return refuse(problem, problem.fix, { file: one });
  }
  const text = (path: string): string => copies.get(pathInRelease(project.folder, path)) ?? '';
  const record = {
    file: pathInRelease(project.folder, file),
    digest: fileDigest(text(file)),
    ...(downFile === null
      ? {}
      : { down: { file: pathInRelease(project.folder, downFile), digest: fileDigest(text(downFile)) } }),
    known,
  };
  const { database, schema, table } = pending.history;
  const alone = aloneIn(project, migration, parser);
  if (alone.refused !== null)
    return refuse(
      stated`${{ title: alone.refused.step.title }} cannot run inside a transaction, and ${{ tool: project.tool }} runs it in one`,
      `put it into a migration of its own, and let ${project.tool} run that without a transaction`,
      alone.refused.step.place,
    );
  const tier = importedTier(
    { imported: { tool: importedToolOf(project), history: { schema, table } }, journal, database, parser },
    alone.isApart ? { ...record, parts: [] } : record,
    { up: text(file), down: downFile === null ? null : text(downFile) },
  );
  if (tier === null)
    return refuse(
      stated`its name or its text is not as ${{ tool: project.tool }} writes a migration, so its row is not known`,
      'use the names that the tool has by itself, or write the release by hand: oneroof init NAME',
    );
  const unlike = unlikeReader(source, { migration, tier });
  if (unlike !== null)
    return refuse(
      stated`it runs other SQL than stands in it, or takes values from elsewhere: ${{ difference: unlike }} differs`,
      'write the values into the file: placeholders are not sealed',
    );
  // a copy is named by its path in the release; the person has the file of the repository
  const problems = tier.problems.map((one) => ({
    ...one,
    place: { ...one.place, file: one.place?.file === record.file ? file : (downFile ?? file) },
  }));
  if (problems.length > 0) return { tier: null, problems };
  const oneWay = alone.oneWay ?? whyOneWay(record, tier);
  return { tier: { migration, record, tier, copies, oneWay }, problems: [] };
}

/** Tools in which a file chooses to be sent statement by statement; others send all of them so. */
const chosenByFile: ReadonlySet<ToolName> = new Set(['goose', 'flyway']);

/** How a migration runs in which the tool, or the server, wants no transaction. */
interface Alone {
  /** It becomes several tiers. */
  readonly isApart: boolean;
  /** A statement of the up that the server refuses as the tool sends it; null: there is none. */
  readonly refused: Statement | null;
  /** Why its down cannot be one of a release; null: it can. */
  readonly oneWay: string | null;
}

/** One message of several statements is a transaction too. */
function aloneIn({ tool }: MigrationProject, { up, down }: Migration, parser: Parser): Alone {
  const [forth, back] = [statementsOf(parser, up), statementsOf(parser, down)];
  const first = (all: readonly Statement[]): Statement | undefined => all.find(({ step }) => !step.transactional);
  const fails = (script: Script | null, all: readonly Statement[]): Statement | null =>
    script?.send === 'statements' || (script?.send === 'message' && all.length === 1) ? null : (first(all) ?? null);
  const isApart =
    first(forth) !== undefined ||
    (up.send === 'statements' && chosenByFile.has(tool) && forth.length > 1 && !isWrapped(up, parser));
  const alone = fails(down, back) ?? (isApart ? null : (first(back) ?? null));
  return {
    isApart,
    refused: fails(up, forth),
    oneWay:
      alone === null
        ? null
        : `${alone.step.title} in line ${alone.step.place.line ?? 1} of its down runs outside of a transaction, and ${fails(down, back) === null ? 'what it undoes does not' : `${tool} runs it in one`}`,
  };
}

/** The file itself makes one transaction of all its statements. */
const isWrapped = (script: Script, parser: Parser): boolean =>
  parser.parse(script.file, script.text).statements.length !== statementsOf(parser, script).length;

/** Why the tiers of a migration have no down; null: they have one. */
export function whyOneWay({ file }: Pick<RecordedMigration, 'file'>, { oneWay, down }: ImportedTier): string | null {
  if (oneWay !== null) return printable(`${belowMigrations(file)}: ${oneWay}`).slice(0, 300);
  return down === null ? `${belowMigrations(file)} has no down` : null;
}

const belowMigrations = (file: string): string => file.slice(migrationsFolder.length);
const pathInRelease = (folder: string, path: string): string =>
  `${migrationsFolder}${folder === '' ? path : path.slice(folder.length + 1)}`;

/** Copies a file for the release; says why it cannot be sealed byte for byte. */
function copyOf({ project, files }: ImportSource, path: string, copies: Map<string, string>): ProblemText | null {
  if (!isWithin(path, project.folder))
    return {
      ...stated`it is outside of ${{ folder: project.folder }}`,
      fix: 'name the folder that holds all migrations: --migrations PATH',
    };
  const { text, problem } = files.read(path);
  if (problem !== null) return { ...stated`it ${{ why: problem }}`, fix: 'correct the file' };
  const unfit = unsealable(path, text);
  if (unfit === null) copies.set(pathInRelease(project.folder, path), text);
  return unfit;
}

/** Why a text cannot be in a release byte for byte; null: it can. */
function unsealable(path: string, text: string): ProblemText | null {
  if (!/[\r\uFEFF]/.test(text)) return null;
  return {
    ...stated`it has a byte order mark or line ends of Windows, and a release holds neither: the checksum would be another one`,
    fix: `save it as UTF-8 with LF, and keep it so: *${path.slice(path.lastIndexOf('.'))} text eol=lf in .gitattributes`,
  };
}

/** The reader of the tool and the release read the same file apart; null: they agree. */
function unlikeReader(
  { parser, project, files }: ImportSource,
  { migration, tier }: { readonly migration: Migration; readonly tier: ImportedTier },
): 'the up' | 'the down' | null {
  const same = (script: Script | null, steps: readonly Statement[] | null): boolean => {
    const own = (steps ?? []).map(({ step }) => step.sql);
    const read = statementsOf(parser, script).map(({ step }) => step.sql);
    return (script === null) === (steps === null) && own.join('\0') === read.join('\0');
  };
  // the checksum of a repeatable one is of the text with its placeholders filled, also those in comments
  if (project.tool === 'flyway' && migration.up.text !== files.read(migration.up.file).text) return 'the up';
  return same(migration.up, tier.statements) ? (same(migration.down, tier.undoing) ? null : 'the down') : 'the up';
}

/** The statements of a script, at their places in the file. */
function statementsOf(parser: Parser, script: Script | null): readonly Statement[] {
  if (script === null) return [];
  return unwrapped(parser.parse(script.file, '\n'.repeat(script.line - 1) + script.text).statements);
}
