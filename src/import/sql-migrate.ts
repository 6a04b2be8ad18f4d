import { fileWith, foldersWith } from './fitting-folders.ts';
import { type Migration } from './migration.ts';
import { byteOrder, type FileTree, pathIn } from './repository.ts';
import { migrationOf, nothing, type Side } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** Both directions in one file, below `-- +migrate Up` and `-- +migrate Down`. Source: rubenv/sql-migrate, sqlparse/sqlparse.go, migrate.go. */
export const sqlMigrate: MigrationTool = {
  name: 'sql-migrate',
  find: (tree) =>
    foldersWith(tree, /\.sql$/).flatMap(({ folder, names }) => {
      const file = fileWith(tree, { folder, names }, /^-- \+migrate Up\b/m);
      return file === null
        ? []
        : [{ tool: 'sql-migrate', folder, knownBy: `-- +migrate Up in ${file}`, strength: 'certain' }];
    }),
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const names = (tree.folders.get(folder) ?? []).filter((name) => name.endsWith('.sql')).toSorted(inOrder);
    return { migrations: names.map((name) => readFile(tree, pathIn(folder, name), name)), warnings: [] };
  },
};

/** Names with a number come by their number, and before the others. */
function inOrder(one: string, other: string): number {
  const [a, b] = [one, other].map((name) => /^\d+/.exec(name)?.[0]);
  if (a === undefined || b === undefined) return a === b ? byteOrder(one, other) : a === undefined ? 1 : -1;
  return BigInt(a) === BigInt(b) ? byteOrder(one, other) : BigInt(a) < BigInt(b) ? -1 : 1;
}

function readFile(tree: FileTree, file: string, id: string): Migration {
  const { text, problem } = tree.read(file);
  const name = id.replace(/\.sql$/, '');
  const sections = { up: sectionOf(text, 'Up'), down: sectionOf(text, 'Down') };
  if (problem !== null || sections.up === null)
    return migrationOf({
      id,
      name,
      up: nothing(file),
      down: null,
      problem: problem === null ? `sql-migrate refuses ${file}: it has no -- +migrate Up` : `${file} ${problem}`,
    });
  const side = ({ line, text: sql, isAlone }: Section): Side => ({
    script: { file, line, text: sql, send: isAlone ? 'statements' : 'transaction' },
    problem: null,
  });
  return migrationOf({ id, name, up: side(sections.up), down: sections.down === null ? null : side(sections.down) });
}

interface Section {
  readonly line: number;
  readonly text: string;
  readonly isAlone: boolean;
}

/** The lines of one direction, which may be in several places: those of the other one are empty, so that lines keep their numbers. */
function sectionOf(text: string, wanted: 'Up' | 'Down'): Section | null {
  let [current, first, isAlone]: [string, number | null, boolean] = ['', null, false];
  const lines = text.split('\n').map((line, index) => {
    const [command = '', ...options] = line.startsWith('-- +migrate ') ? line.slice(12).trim().split(/\s+/) : [];
    if (command === 'Up' || command === 'Down') {
      current = command;
      if (command === wanted) {
        first ??= index + 1;
        isAlone ||= options.includes('notransaction');
      }
      return '';
    }
    // a block is one statement, with a semicolon or without
    return current !== wanted ? '' : command === 'StatementEnd' ? `; ${line}` : line;
  });
  return first === null ? null : { line: first + 1, text: lines.slice(first).join('\n').trimEnd(), isAlone };
}
