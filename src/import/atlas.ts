import { fileWith } from './fitting-folders.ts';
import { manifestsNamed } from './manifests.ts';
import { type Migration } from './migration.ts';
import { type FileTree, nameIn, parentOf, pathIn } from './repository.ts';
import { migrationOf, refuseTwice, wholeFile } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** Other formats in a folder of Atlas: their own tools read them. */
const foreign = /^-- \+goose Up|^--\s*migrate:up|^--\s*liquibase formatted sql/im;

/** `20240102030405_a.sql` by name, beside `atlas.sum`. Source: ariga/atlas, sql/migrate/dir.go, migrate.go. */
export const atlas: MigrationTool = {
  name: 'atlas',
  find: (tree) =>
    manifestsNamed(tree, 'atlas.sum').flatMap((path) => {
      const folder = parentOf(path);
      const names = (tree.folders.get(folder) ?? []).filter((name) => name.endsWith('.sql'));
      const isOther =
        names.length === 0 ||
        names.some((name) => /\.(?:up|down)\.sql$|^[VU].*__/.test(name)) ||
        fileWith(tree, { folder, names }, foreign) !== null;
      return isOther ? [] : [{ tool: 'atlas', folder, knownBy: path, strength: 'certain' }];
    }),
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const paths = (tree.folders.get(folder) ?? [])
      .filter((name) => name.endsWith('.sql'))
      .map((name) => pathIn(folder, name));
    const isCheckpoint = (path: string): boolean => header(tree, path).has('checkpoint');
    const { migrations, warnings } = refuseTwice(
      paths.filter((path) => !isCheckpoint(path)).map((path) => readFile(tree, path)),
      'Atlas records a version once',
    );
    return {
      migrations,
      warnings: [
        ...warnings,
        ...paths.filter(isCheckpoint).map((file) => ({
          file,
          text: 'it is a checkpoint, which stands for the migrations before it in a new database; it is left out',
        })),
      ],
    };
  },
};

/** The directives at the head of a file: `-- atlas:txmode none`, up to an empty line. */
function header(tree: FileTree, path: string): ReadonlyMap<string, string> {
  const head = tree.read(path).text.split(/\r?\n\r?\n/, 1)[0] ?? '';
  return new Map(
    [...head.matchAll(/^--\s*atlas:(\w+)[ \t]*(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

function readFile(tree: FileTree, path: string): Migration {
  const name = nameIn(path).replace(/\.sql$/, '');
  const directives = header(tree, path);
  const unknown = ['delimiter', 'txtar', 'import'].find((word) => directives.has(word));
  return migrationOf({
    id: name.split('_')[0] ?? name,
    name,
    up: wholeFile(tree, path, directives.get('txmode') === 'none' ? 'statements' : 'transaction'),
    down: null,
    problem: unknown === undefined ? null : `${path} uses atlas:${unknown}, which is not read`,
  });
}
