import { type Parser } from '../release/index.ts';
import { isOtherDatabase, isPostgres } from './dialect.ts';
import { flywayFiles, type FlywaySettings, flywaySettings } from './flyway-settings.ts';
import { filesNaming, manifestMark } from './manifests.ts';
import { type Migration, type Script } from './migration.ts';
import { substitute } from './placeholders.ts';
import { byteOrder, type FileTree, isWithin, nameIn, parentOf } from './repository.ts';
import { inCode, migrationOf, nothing, refuseTwice, type Side } from './scripts.ts';
import { type FittingFolder, type MigrationTool, type Reading, type ReadMigrations, type ReadWarning } from './tool.ts';
import { compareParts, versionParts } from './version-parts.ts';

/**
 * `V1.2__name.sql` by the parts of the version, then `R__name.sql` by name; `U1.2__name.sql` undoes.
 *
 * Source  Flyway, flyway-core …/resource/ResourceNameParser.java, …/parser/PlaceholderReplacingReader.java; PostgreSQLParser.java.
 */
export const flyway: MigrationTool = {
  name: 'flyway',
  find: (tree) => {
    const files = flywayFiles(tree);
    const builds = filesNaming(tree, 'flyway', {
      name: /^(?:pom\.xml|build\.gradle(?:\.kts)?|libs\.versions\.toml|package\.json|.*compose.*\.ya?ml|dockerfile.*|makefile)$/i,
      text: /\bflyway\b/i,
    });
    const roots = new Set(
      [...tree.folders].flatMap(([folder, names]) =>
        names.some((name) => versioned.test(name)) ? [rootOf(tree, folder)] : [],
      ),
    );
    return [...roots].map((folder): FittingFolder => {
      const { path } = flywaySettings(files, tree, folder);
      const byFile = path === null ? null : ({ knownBy: `flyway in ${path}`, strength: 'certain' } as const);
      const mark =
        byFile ?? manifestMark(folder, builds) ?? ({ knownBy: 'files named V1__name.sql', strength: 'shape' } as const);
      return { tool: 'flyway', folder, ...mark };
    });
  },
  read,
};

const versioned = /^V[0-9][0-9._]*__.*\.sql$/;
/** Files named after events: Flyway runs them beside the migrations and records none. */
const callbacks = /^(?:before|after|create)[A-Z]\w*(?:__.*)?\.(?:sql|java|kt)$/;

/** The location that a folder is in: up to `db/migration`, or the uppermost folder with migrations; a folder of one database is one by itself. */
function rootOf(tree: FileTree, folder: string): string {
  const standard = /^(?:.*\/)?db\/migrations?(?=\/|$)/.exec(folder)?.[0];
  const above = ancestors(folder).filter((one) => tree.folders.get(one)?.some((name) => versioned.test(name)));
  const root = standard ?? above.at(-1) ?? folder;
  const database = [folder, ...ancestors(folder)]
    .filter((one) => one !== root && isWithin(one, root))
    .findLast((one) => isOtherDatabase(nameIn(one)) || isPostgres(nameIn(one)));
  return database ?? root;
}

/** The folders above, the nearest first. */
function ancestors(folder: string): readonly string[] {
  return folder === '' ? [] : [parentOf(folder), ...ancestors(parentOf(folder))];
}

/** A file of Flyway by its name. */
interface Named {
  readonly kind: 'version' | 'undo' | 'repeatable';
  readonly version: string;
  readonly description: string;
  readonly path: string;
}

function read({ tree, folder, parser }: Reading): ReadMigrations {
  const settings = flywaySettings(flywayFiles(tree), tree, folder);
  const locations = settings.locations.includes(folder) ? settings.locations : [folder];
  const code = locations.map((one) => one.replace(/src\/main\/resources(?=\/|$)/, 'src/main'));
  const paths = tree.paths.filter(
    (path) =>
      locations.some((one) => isWithin(path, one)) ||
      (/\.(?:java|kt|groovy)$/.test(path) &&
        code.some((one) => isWithin(path.replace(/src\/main\/(?:java|kotlin|groovy)\//, 'src/main/'), one))),
  );
  const files = paths.flatMap((path) => named(path, settings) ?? []);
  const side = (path: string): Side => sideOf({ tree, path, parser, settings });
  const key = (version: string): string => versionParts(version).join('.');
  const undo = new Map(files.filter(({ kind }) => kind === 'undo').map(({ version, path }) => [key(version), path]));
  const read = (file: Named, id: string): Migration => {
    const name = nameIn(file.path).replace(/\.\w+$/, '');
    const language = { java: 'Java', kt: 'Kotlin', groovy: 'Groovy' }[/\.(\w+)$/.exec(file.path)?.[1] ?? ''];
    if (language !== undefined) return inCode({ id, name, file: file.path, language });
    const down = file.kind === 'version' ? undo.get(key(file.version)) : undefined;
    return migrationOf({ id, name, up: side(file.path), down: down === undefined ? null : side(down) });
  };
  const versions = files
    .filter(({ kind }) => kind === 'version')
    .toSorted((one, other) => compareParts(versionParts(one.version), versionParts(other.version)))
    .map((file) => read(file, key(file.version)));
  const repeatables = files
    .filter(({ kind }) => kind === 'repeatable')
    .toSorted((one, other) => byteOrder(one.description, other.description))
    .map((file) => read(file, `R ${file.description}`));
  const { migrations, warnings } = refuseTwice([...versions, ...repeatables], 'Flyway refuses the whole folder');
  return { migrations, warnings: [...warnings, ...leftOut(paths, files), ...settingsWarnings(settings)] };
}

/** What Flyway runs or skips beside the migrations. */
function leftOut(paths: readonly string[], files: readonly Named[]): readonly ReadWarning[] {
  const read = new Set(files.map(({ path }) => path));
  return paths.flatMap((file): ReadWarning[] => {
    if (read.has(file)) return [];
    if (callbacks.test(nameIn(file)))
      return [{ file, text: 'it is a callback, which Flyway runs beside the migrations; it is left out' }];
    if (/^B[0-9].*__.*\.sql$/.test(nameIn(file)))
      return [{ file, text: 'it is a baseline for new databases; it is left out' }];
    return file.endsWith('.sql')
      ? [{ file, text: 'Flyway skips it: its name is not V1__name.sql, R__name.sql or U1__name.sql' }]
      : [];
  });
}

function settingsWarnings({ path, valueOf }: FlywaySettings): readonly ReadWarning[] {
  const schema = valueOf('defaultSchema') ?? valueOf('schemas');
  return path === null || schema === undefined || schema === 'public'
    ? []
    : [{ file: path, text: `Flyway makes the schema ${schema} and works in it; here the migrations run in public` }];
}

function named(path: string, { valueOf }: FlywaySettings): Named | null {
  const [version, undo, repeatable, separator] = ['V', 'U', 'R', '__'].map(
    (standard, index) =>
      valueOf(
        ['sqlMigrationPrefix', 'undoSqlMigrationPrefix', 'repeatableSqlMigrationPrefix', 'sqlMigrationSeparator'][
          index
        ] ?? '',
      ) ?? standard,
  ) as [string, string, string, string];
  const suffixes = (valueOf('sqlMigrationSuffixes') ?? '.sql').split(',').map((one) => one.trim());
  const isCode = /\.(?:java|kt|groovy)$/.test(path);
  const suffix = isCode ? /\.\w+$/.exec(path)?.[0] : suffixes.find((one) => path.endsWith(one));
  if (suffix === undefined) return null;
  const name = nameIn(path).slice(0, -suffix.length);
  const at = name.indexOf(separator);
  const [head, tail] = at < 0 ? [name, ''] : [name.slice(0, at), name.slice(at + separator.length)];
  const description = tail.replaceAll('_', ' ');
  if (head === repeatable && at >= 0) return { kind: 'repeatable', version: '', description, path };
  for (const [prefix, kind] of [
    [version, 'version'],
    [undo, 'undo'],
  ] as const)
    if (head.startsWith(prefix) && /^[0-9][0-9._]*$/.test(head.slice(prefix.length)))
      return { kind, version: head.slice(prefix.length), description, path };
  return null;
}

/** The text with its placeholders filled, and how Flyway runs it. */
function sideOf({
  tree,
  path,
  parser,
  settings,
}: {
  tree: FileTree;
  path: string;
  parser: Parser;
  settings: FlywaySettings;
}): Side {
  const read = tree.read(path);
  if (read.problem !== null) return { ...nothing(path), problem: `${path} ${read.problem}` };
  const own = new Map(
    tree
      .read(`${path}.conf`)
      .text.split(/\r?\n/)
      .map((line) => line.split('=').map((part) => part.trim()) as [string, string]),
  );
  const raw = read.text.replace(/^\uFEFF/, '');
  const isReplaced = (own.get('placeholderReplacement') ?? settings.valueOf('placeholderReplacement')) !== 'false';
  const { text, missing } = isReplaced ? substitute(raw, placeholders(path, settings)) : { text: raw, missing: null };
  const script = (send: Script['send']): Script => ({ file: path, line: 1, text, send });
  if (missing !== null)
    return {
      script: script('transaction'),
      problem: `${path} uses the placeholder ${missing}, which has no value in ${settings.path ?? 'a file of Flyway'}`,
    };
  const { statements, problems } = parser.parse(path, text);
  const alone = statements.filter(({ step }) => !step.transactional);
  const isMixed = alone.length > 0 && alone.length < statements.length;
  const wanted = own.get('executeInTransaction') ?? settings.valueOf('executeInTransaction');
  const copy = problems.find(({ code }) => code === 'SQL_COPY_INLINE');
  const problem =
    copy !== undefined
      ? `${path} has the rows of COPY … FROM STDIN in it, on line ${copy.place?.line ?? 1}`
      : isMixed && wanted === undefined && settings.valueOf('mixed') !== 'true'
        ? `Flyway refuses ${path}: line ${alone[0]?.step.place.line} runs outside a transaction and others inside, and mixed is not set`
        : null;
  return {
    script: script(wanted === 'false' || (wanted !== 'true' && alone.length > 0) ? 'statements' : 'transaction'),
    problem,
  };
}

/** `${name}` with the values of the settings, and what Flyway knows by itself. */
function placeholders(path: string, { valueOf }: FlywaySettings): Parameters<typeof substitute>[1] {
  const [prefix, suffix] = [valueOf('placeholderPrefix') ?? '${', valueOf('placeholderSuffix') ?? '}'];
  const escaped = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  const known: Readonly<Record<string, string>> = {
    'flyway:filename': nameIn(path),
    'flyway:defaultschema': valueOf('defaultSchema') ?? valueOf('schemas')?.split(',')[0] ?? 'public',
    'flyway:table': valueOf('table') ?? 'flyway_schema_history',
  };
  return {
    form: new RegExp(`${escaped(prefix)}(.{1,200}?)${escaped(suffix)}`, 'g'),
    valueOf: ([, name = '']) => {
      const value = known[name.toLowerCase()] ?? valueOf(`placeholders.${name}`);
      // a value that is taken from the environment is none
      return value === undefined || /\$\{/.test(value) ? null : value;
    },
    nameOf: ([, name = '']) => name,
  };
}
