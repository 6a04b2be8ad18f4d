import { type Parser } from '../release/index.ts';
import { fitting, foldersWith } from './fitting-folders.ts';
import { goModules } from './manifests.ts';
import { type Migration } from './migration.ts';
import { type FileTree, pathIn, isWithin, nameIn, parentOf } from './repository.ts';
import { inCode, lineOf, migrationOfPair, refuseTwice, type Side, wholeFile, skippedFiles } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';
import { type HalfFile, pairUp } from './pair-up.ts';

/** golang-migrate's own form, with any ending. Source: golang-migrate, source/parse.go. */
const form = /^([0-9]+)_(.*)\.(down|up)\.(.*)$/;
/** Versions are 64-bit numbers without a sign; a name with a larger one is skipped. */
const largest = 2n ** 64n - 1n;

/** `1_a.up.sql` and `1_a.down.sql`, each sent as one message. */
export const golangMigrate: MigrationTool = {
  name: 'golang-migrate',
  find: (tree) => {
    const modules = goModules(tree, 'github.com/golang-migrate/migrate');
    return foldersWith(tree, form).flatMap(({ folder, names }) => {
      const halves = halvesIn(folder, names);
      const shape = halves.find(({ path }) => path.endsWith('.up.sql'));
      if (shape === undefined) return [];
      const found = fitting({ tool: 'golang-migrate', folder, shape: nameIn(shape.path) }, modules);
      // a new migration can take a number that is given by mistake; a folder in which many share one is not golang-migrate's
      if (found.strength !== 'shape') return twiceIn(halves) > 2 ? [] : [found];
      // by names alone it is only golang-migrate's where it would run all of them, and none is for one database
      const sql = (tree.folders.get(folder) ?? []).filter((name) => name.endsWith('.sql'));
      return twiceIn(halves) > 0 || !sql.every((name) => form.test(name) && !/\.\w+\.(?:up|down)\.sql$/.test(name))
        ? []
        : [found];
    });
  },
  read,
};

function read({ tree, folder, parser }: Reading): ReadMigrations {
  const halves = halvesIn(folder, tree.folders.get(folder) ?? []);
  const skipped = (tree.folders.get(folder) ?? []).filter(
    (name) => name.endsWith('.sql') && !halves.some(({ path }) => nameIn(path) === name),
  );
  const splits = splitsStatements(tree, folder);
  const side = (path: string): Side =>
    splits ? cut(wholeFile(tree, path, 'statements'), parser) : wholeFile(tree, path, 'message');
  const pairs = pairUp(halves).toSorted((one, other) =>
    BigInt(one.id) < BigInt(other.id) ? -1 : BigInt(one.id) > BigInt(other.id) ? 1 : 0,
  );
  const migrations = pairs.map((pair): Migration => {
    const { id, name, up, down } = pair;
    const code = [up, down].find((path) => path?.endsWith('.go'));
    if (code !== undefined && code !== null) return inCode({ id, name, file: code, language: 'Go' });
    return migrationOfPair(pair, { folder, side });
  });
  const { migrations: all, warnings } = refuseTwice(migrations, 'golang-migrate refuses the whole folder');
  return {
    migrations: all,
    warnings: [
      ...warnings,
      ...skippedFiles({
        folder,
        names: skipped,
        text: 'golang-migrate skips it: its name is not VERSION_name.up.sql or VERSION_name.down.sql',
      }),
    ],
  };
}

function halvesIn(folder: string, names: readonly string[]): readonly HalfFile[] {
  return names.flatMap((name): HalfFile[] => {
    const [, version, title, direction] = form.exec(name) ?? [];
    if (version === undefined || title === undefined || BigInt(version) > largest) return [];
    const path = pathIn(folder, name);
    const id = String(BigInt(version));
    return [{ id, name: `${version}_${title}`, direction: direction === 'up' ? 'up' : 'down', path }];
  });
}

/** How many files have the version and direction of another one. */
function twiceIn(halves: readonly HalfFile[]): number {
  return halves.length - new Set(halves.map(({ id, direction }) => `${id} ${direction}`)).size;
}

/** Where a project says that golang-migrate sends each statement alone. */
const saying =
  /^(?:makefile|.*\.mk|taskfile\.ya?ml|justfile|dockerfile|.*compose.*\.ya?ml|\.env.*|.*\.env|package\.json|.*\.sh|.*\.go)$/i;

/** Says whether the project switched on x-multi-statement: in an address, or where it opens the driver. */
function splitsStatements(tree: FileTree, folder: string): boolean {
  return tree.paths.some(
    (path) =>
      saying.test(nameIn(path)) &&
      // Go files everywhere would be thousands: the driver is opened beside the migrations or above them
      (!path.endsWith('.go') ||
        isWithin(folder, parentOf(path)) ||
        /migrat|database|\bdb\b|postgres|\bpg/i.test(path)) &&
      /x-multi-statement=true|\bMultiStatementEnabled:\s*true/.test(tree.read(path).text),
  );
}

/** With x-multi-statement golang-migrate cuts at each semicolon, in strings and comments too: such a file cannot be run by it. */
function cut(side: Side, parser: Parser): Side {
  let offset = 0;
  for (const { kind, text } of parser.pieces(side.script.text)) {
    if (text.includes(';') && kind !== 'plain' && kind !== 'keyword') {
      const line = lineOf(side.script.text, offset + text.indexOf(';'));
      return {
        ...side,
        problem: `golang-migrate with x-multi-statement=true cuts ${side.script.file} at a semicolon inside a ${kind}, on line ${line}`,
      };
    }
    offset += text.length;
  }
  return side;
}
