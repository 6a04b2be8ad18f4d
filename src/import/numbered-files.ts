import { type Parser } from '../release/index.ts';
import { isOtherDatabase, isPostgres } from './dialect.ts';
import { type Migration, type Script } from './migration.ts';
import { type FilePair, groupedBy, type HalfFile, ownFirst, pairUp } from './pair-up.ts';
import { byteOrder, type FileTree, foldersIn, nameIn, parentOf, pathIn } from './repository.ts';
import { inCode, migrationOf, nothing, type Side, wholeFile } from './scripts.ts';
import { type FittingFolder, type MigrationTool, type Reading, type ReadMigrations, type ReadWarning } from './tool.ts';

/** A name with a number at its beginning, perhaps behind a letter or a word. */
const numbered = /^(?:[A-Za-z]+[-_]?)?(\d[\d-]*)/;
const languages: Readonly<Record<string, string>> = {
  go: 'Go',
  js: 'JavaScript',
  cjs: 'JavaScript',
  mjs: 'JavaScript',
  ts: 'TypeScript',
  py: 'Python',
  rb: 'Ruby',
  rs: 'Rust',
  java: 'Java',
  kt: 'Kotlin',
};
const code = /\.(go|[cm]?js|ts|py|rb|rs|java|kt)$/;

/** Numbered files of no tool that is known, `1_a.sql` or `1_a/up.sql`: by number, then by name. */
export const numberedFiles: MigrationTool = {
  name: 'plain',
  find: (tree) => {
    const nested = new Set(
      [...tree.folders].flatMap(([folder, names]) =>
        names.some((name) => /^(?:up|migration)\.sql$/.test(name)) && numbered.test(nameIn(folder))
          ? [parentOf(folder)]
          : [],
      ),
    );
    const flat = [...tree.folders].flatMap(([folder, names]) => {
      const sql = names.filter((name) => name.endsWith('.sql'));
      const fit = sql.filter((name) => numbered.test(name));
      const isDown = downFolder.test(nameIn(folder)) && tree.folders.has(parentOf(folder));
      return fit.length > 0 && fit.length >= 0.9 * sql.length && (fit.length > 1 || /migrat/i.test(folder)) && !isDown
        ? [folder]
        : [];
    });
    const found = [...new Set([...flat, ...nested])];
    const called = found.filter((folder) => /migrat/i.test(folder));
    return (called.length > 0 ? called : found).map(
      (folder): FittingFolder => ({
        tool: 'plain',
        folder,
        knownBy: 'the numbers in the names of its files',
        strength: 'rest',
      }),
    );
  },
  read: ({ tree, folder, parser }: Reading): ReadMigrations => {
    const halves = [...flatIn(tree, folder), ...nestedIn(tree, folder)];
    const pairs = byNumber(pairUp(halves)).toSorted((one, other) => compare(one.id, other.id));
    const side = (path: string): Side => needsPsql(wholeFile(tree, path, sendOf(tree, path)), parser);
    const migrations = pairs.map(({ id, name, up, down }): Migration => {
      const file = [up, down].find((path) => path !== null && code.test(path)) ?? null;
      const ending = code.exec(file ?? '')?.[1] ?? '';
      if (file !== null) return inCode({ id, name, file, language: languages[ending] ?? ending });
      return migrationOf({
        id,
        name,
        up: up === null ? nothing(down ?? folder) : side(up),
        down: down === null ? null : side(down),
      });
    });
    return { migrations, warnings: warningsOf(migrations) };
  },
};

/** Folders and endings of the other direction. */
const downFolder = /^(?:downs?|rollbacks?|reverts?|undo)$/i;
const downEnding = /[._-](?:down|undo|rollback|revert)$/i;
const upEnding = /[._-](?:up|do|forward|deploy)$/i;

function flatIn(tree: FileTree, folder: string): readonly HalfFile[] {
  const beside = foldersIn(tree, folder)
    .filter((name) => downFolder.test(name))
    .map((name) => pathIn(folder, name));
  const files = [folder, ...beside].flatMap((where) =>
    (tree.folders.get(where) ?? []).flatMap((file) => {
      if (!(file.endsWith('.sql') || code.test(file)) || !numbered.test(file) || /_test\.|\.d\.ts$/.test(file))
        return [];
      const stem = file.replace(/\.\w+$/, '');
      const isDown = where !== folder || downEnding.test(stem);
      const name = stem.replace(downEnding, '').replace(upEnding, '');
      const database = name.split('.').slice(1).at(-1) ?? '';
      if (isOtherDatabase(database)) return [];
      const isOwn = isPostgres(database);
      const id = isOwn ? name.slice(0, -database.length - 1) : name;
      return [
        { id, name: id, direction: isDown ? ('down' as const) : ('up' as const), path: pathIn(where, file), isOwn },
      ];
    }),
  );
  return ownFirst(files);
}

function nestedIn(tree: FileTree, folder: string): readonly HalfFile[] {
  return foldersIn(tree, folder)
    .filter((name) => numbered.test(name))
    .flatMap((name) =>
      (tree.folders.get(pathIn(folder, name)) ?? []).flatMap((file): readonly HalfFile[] => {
        const direction = /^(?:up|migration)\.sql$/.test(file)
          ? 'up'
          : /^(?:down|rollback|revert)\.sql$/.test(file)
            ? 'down'
            : null;
        return direction === null ? [] : [{ id: name, name, direction, path: pathIn(folder, `${name}/${file}`) }];
      }),
    );
}

/** Puts a down without an up to the one up of its number without a down: a letter was changed in one of the names. */
function byNumber(pairs: readonly FilePair[]): readonly FilePair[] {
  return [...groupedBy(pairs, ({ id }) => numberOf(id)).values()].flatMap((group): readonly FilePair[] => {
    const [ups, downs] = [group.filter(({ down }) => down === null), group.filter(({ up }) => up === null)];
    const [up, down] = [ups[0], downs[0]];
    if (ups.length !== 1 || downs.length !== 1 || up === undefined || down === undefined) return group;
    return group.flatMap((one) => (one === down ? [] : [one === up ? { ...up, down: down.down } : one]));
  });
}

/** The number at the beginning of a name: 2018-04-13-170549 comes after 20170101000000. */
function numberOf(name: string): bigint {
  return BigInt((numbered.exec(name)?.[1] ?? '0').replaceAll('-', '') || '0');
}

function compare(one: string, other: string): number {
  const [a, b] = [numberOf(one), numberOf(other)];
  return a === b ? byteOrder(one, other) : a < b ? -1 : 1;
}

/** What the order rests on: nobody says whether numbers or names count. */
function warningsOf(migrations: readonly Migration[]): readonly ReadWarning[] {
  return migrations.flatMap(({ id, up: { file } }, index): readonly ReadWarning[] => {
    const before = migrations[index - 1];
    if (before === undefined) return [];
    if (numberOf(before.id) === numberOf(id))
      return [{ file, text: `its number is also that of ${before.id}; they are taken by name` }];
    return byteOrder(before.id, id) > 0
      ? [{ file, text: `by number it comes after ${before.id}, by name before it; it is taken by number` }]
      : [];
  });
}

/** A first line that says so ends the transaction; else the file is one message. */
function sendOf(tree: FileTree, path: string): Script['send'] {
  return /^\uFEFF?\s*--\s*no[ _-]?transaction\b/i.test(tree.read(path).text) ? 'statements' : 'message';
}

function needsPsql(side: Side, parser: Parser): Side {
  const { file, text } = side.script;
  // a backslash, or the rows of COPY: all else need not be parsed here
  if (side.problem !== null || !/^[ \t]*\\|\bFROM\s+STDIN\b/im.test(text)) return side;
  const found = parser
    .parse(file, text)
    .problems.find(({ code: name }) => name === 'SQL_META_COMMAND' || name === 'SQL_COPY_INLINE');
  return found === undefined ? side : { ...side, problem: `${file} needs psql, on line ${found.place?.line ?? 1}` };
}
