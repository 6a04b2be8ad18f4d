import { z } from 'zod';
import { parseYaml } from '../yaml/index.ts';
import { asTable, manifestsNamed } from './manifests.ts';
import { type Migration } from './migration.ts';
import { type FileTree, foldersIn, nameIn, parentOf, pathIn } from './repository.ts';
import { migrationOf, nothing, refuseTwice, type Side, wholeFile } from './scripts.ts';
import { type FittingFolder, type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** `migrations/[database/]1612345678901_a/up.sql` by number. Source: hasura/graphql-engine, cli/migrate/source/parse.go. */
export const hasura: MigrationTool = {
  name: 'hasura',
  find: (tree) =>
    manifestsNamed(tree, 'config.yaml').flatMap((path): readonly FittingFolder[] => {
      const read = parseYaml({ file: path, text: tree.read(path).text, schema: z.unknown(), invalid: 'YAML_INVALID' });
      const settings = asTable(read.ok ? read.value : null);
      if (![1, 2, 3].includes(Number(settings['version'])) || settings['metadata_directory'] === undefined) return [];
      const home = pathIn(parentOf(path), String(settings['migrations_directory'] ?? 'migrations'));
      const folders = [home, ...foldersIn(tree, home).map((name) => pathIn(home, name))].filter(
        (folder) => migrationsIn(tree, folder).length > 0,
      );
      return folders.map((folder) => ({ tool: 'hasura', folder, knownBy: path, strength: 'certain' }));
    }),
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const sorted = migrationsIn(tree, folder).toSorted((one, other) => (versionOf(one) < versionOf(other) ? -1 : 1));
    return refuseTwice(
      sorted.map((name) => readFolder(tree, pathIn(folder, name))),
      'Hasura records a version once',
    );
  },
};

function migrationsIn(tree: FileTree, folder: string): readonly string[] {
  return foldersIn(tree, folder).filter(
    (name) =>
      /^[0-9]+_/.test(name) &&
      tree.folders.get(pathIn(folder, name))?.some((file) => /^(?:up|down)\.(?:sql|yaml)$/.test(file)),
  );
}

function versionOf(name: string): bigint {
  return BigInt(/^[0-9]+/.exec(name)?.[0] ?? '0');
}

function readFolder(tree: FileTree, folder: string): Migration {
  const names = tree.folders.get(folder) ?? [];
  const side = (name: string): Side | null =>
    names.includes(name) ? wholeFile(tree, pathIn(folder, name), sendOf(tree, pathIn(folder, name))) : null;
  return migrationOf({
    id: String(versionOf(nameIn(folder))),
    name: nameIn(folder),
    up: side('up.sql') ?? nothing(pathIn(folder, names[0] ?? '')),
    down: side('down.sql'),
    problem: names.includes('up.yaml') ? 'it is written in metadata of Hasura' : null,
  });
}

function sendOf(tree: FileTree, path: string): 'message' | 'transaction' {
  return /^--\s*hasura:no-transaction\b/.test(tree.read(path).text) ? 'message' : 'transaction';
}
