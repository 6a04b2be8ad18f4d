import { changesetsOf, propertiesIn } from './changesets.ts';
import { changelogOrder } from './changelog.ts';
import { fileWith, foldersWith } from './fitting-folders.ts';
import { type Migration } from './migration.ts';
import { isWithin, nameIn, parentOf } from './repository.ts';
import { inCode, migrationOf, nothing, refuseTwice } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** `--changeset author:id` in SQL files, in the order of the changelog that includes them, or else by path. */
export const liquibase: MigrationTool = {
  name: 'liquibase',
  find: (tree) => {
    const folders = foldersWith(tree, /\.sql$/).flatMap((one) => {
      const file = fileWith(tree, one, /^\uFEFF?\s*--\s*liquibase formatted sql/i);
      return file === null ? [] : [{ folder: one.folder, file }];
    });
    // folders below another one, or beside one another below one with a changelog, are one project
    const roots = new Map<string, string>();
    for (const { folder, file } of folders) {
      const above = ancestry(folder).filter((one) =>
        tree.folders.get(one)?.some((name) => /changelog.*\.(?:xml|ya?ml|json|sql)$/i.test(name)),
      );
      const root =
        above.at(-1) ??
        folders
          .map((one) => one.folder)
          .filter((one) => isWithin(folder, one))
          .toSorted((a, b) => a.length - b.length)[0] ??
        folder;
      if (!roots.has(root)) roots.set(root, file);
    }
    return [...roots].map(([folder, file]) => ({
      tool: 'liquibase',
      folder,
      knownBy: `-- liquibase formatted sql in ${file}`,
      strength: 'certain',
    }));
  },
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const { files, warnings } = changelogOrder(tree, folder);
    const properties = propertiesIn(tree, folder, files);
    const migrations = files.flatMap((file): readonly Migration[] => {
      if (!file.endsWith('.sql'))
        return [inCode({ id: file, name: nameIn(file), file, language: file.endsWith('.xml') ? 'XML' : 'YAML' })];
      const { problem } = tree.read(file);
      if (problem !== null)
        return [
          migrationOf({ id: file, name: nameIn(file), up: nothing(file), down: null, problem: `${file} ${problem}` }),
        ];
      return changesetsOf(tree, file, properties);
    });
    const read = refuseTwice(migrations, 'Liquibase refuses two changesets with one author, id and file');
    return { migrations: read.migrations, warnings: [...warnings, ...read.warnings] };
  },
};

/** A folder and those above it, the nearest first; three are enough for a tree of changelogs. */
function ancestry(folder: string): readonly string[] {
  const above = [folder, parentOf(folder), parentOf(parentOf(folder))];
  return [...new Set(above)];
}
