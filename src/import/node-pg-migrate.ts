import { foldersWith } from './fitting-folders.ts';
import { manifestMark, npmPackages } from './manifests.ts';
import { type Migration } from './migration.ts';
import { type FileTree, nameIn, pathIn } from './repository.ts';
import { inCode, lineOf, migrationOf, nothing, refuseTwice, type Side } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** `1712345678901_a.sql` below `-- Up Migration` and `-- Down Migration`. Source: node-pg-migrate, src/sqlMigration.ts, migration.ts. */
export const nodePgMigrate: MigrationTool = {
  name: 'node-pg-migrate',
  find: (tree) => {
    const packages = npmPackages(tree, 'node-pg-migrate');
    return foldersWith(tree, /^\d+[-_].*\.sql$/).flatMap(({ folder }) => {
      const mark = manifestMark(folder, packages);
      return mark === null || !/migrat/i.test(nameIn(folder)) ? [] : [{ tool: 'node-pg-migrate', folder, ...mark }];
    });
  },
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const names = (tree.folders.get(folder) ?? []).filter(
      (name) => /^\d+.*\.(?:sql|[cm]?[jt]s)$/.test(name) && !name.endsWith('.d.ts'),
    );
    const sorted = names.toSorted((one, other) => timeOf(one) - timeOf(other) || one.localeCompare(other));
    return refuseTwice(
      sorted.map((name) => readFile(tree, pathIn(folder, name))),
      'node-pg-migrate records a name once',
    );
  },
};

/** The number that a name begins with; 17 digits are a time in UTC, as 13 are in milliseconds. */
function timeOf(name: string): number {
  const digits = /^\d+/.exec(name)?.[0] ?? '0';
  const [, year, month, day, hour, minute, second, rest] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/.exec(digits) ?? [];
  return year === undefined
    ? Number(digits)
    : Date.UTC(
        Number(year),
        Number(month) - 1,
        Number(day),
        Number(hour),
        Number(minute),
        Number(second),
        Number(rest),
      );
}

function readFile(tree: FileTree, file: string): Migration {
  const id = nameIn(file).replace(/\.\w+$/, '');
  if (!file.endsWith('.sql'))
    return inCode({ id, name: id, file, language: file.endsWith('ts') ? 'TypeScript' : 'JavaScript' });
  const { text, problem } = tree.read(file);
  if (problem !== null)
    return migrationOf({ id, name: id, up: nothing(file), down: null, problem: `${file} ${problem}` });
  const [up, down] = [commentOf(text, 'up'), commentOf(text, 'down')];
  const side = (start: number, end: number): Side => ({
    script: { file, line: lineOf(text, start), text: text.slice(start, end), send: 'transaction' },
    problem: null,
  });
  const end = (start: number, other: number): number => (other < start ? text.length : other);
  // without the comment the whole file is the up, also what is below the one of the down
  return migrationOf({
    id,
    name: id,
    up: up < 0 ? side(0, text.length) : side(up, end(up, down)),
    down: down < 0 ? null : side(down, end(down, up)),
  });
}

/** Where the line is that begins a direction; -1: nowhere. Line by line: the tool's own expression takes hours for a file of empty lines. */
function commentOf(text: string, direction: 'up' | 'down'): number {
  const form = new RegExp(String.raw`^\s*--[\s-]*${direction}\s+migration`, 'i');
  let at = 0;
  for (const line of text.split('\n')) {
    if (form.test(line)) return at;
    at += line.length + 1;
  }
  return -1;
}
