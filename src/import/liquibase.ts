import { changesetsOf, propertiesIn } from './changesets.ts';
import { changelogName, changelogOrder } from './changelog.ts';
import { changesetOf } from './changelog-sql.ts';
import { fileWith, foldersWith } from './fitting-folders.ts';
import { type Migration } from './migration.ts';
import { isWithin, nameIn, parentOf } from './repository.ts';
import { migrationOf, nothing, refuseTwice } from './scripts.ts';
import { type FittingFolder, type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** Changesets of formatted SQL, and those of XML, YAML and JSON that are SQL, in the order of the changelog, or else by path. */
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
    // a changelog alone may be for any database: it counts where nothing better is found
    const logs = tree.paths.filter(
      (path) => changelogName.test(nameIn(path)) && /\bdatabaseChangeLog\b/.test(tree.read(path).text),
    );
    const tops = logs.filter((path) => !logs.some((other) => other !== path && isAbove(other, path)));
    const alone = new Map(tops.map((path) => [parentOf(path), path] as const));
    for (const root of roots.keys())
      for (const folder of alone.keys()) if (isWithin(folder, root) || isWithin(root, folder)) alone.delete(folder);
    return [
      ...[...roots].map(
        ([folder, file]): FittingFolder => ({
          tool: 'liquibase',
          folder,
          knownBy: `-- liquibase formatted sql in ${file}`,
          strength: 'certain',
        }),
      ),
      ...[...alone].map(
        ([folder, file]): FittingFolder => ({
          tool: 'liquibase',
          folder,
          knownBy: `databaseChangeLog in ${file}`,
          strength: 'shape',
        }),
      ),
    ];
  },
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const { steps, warnings } = changelogOrder(tree, folder);
    const files = steps.filter((step) => typeof step === 'string');
    const properties = propertiesIn(tree, folder, files);
    const migrations = steps.flatMap((file): readonly Migration[] => {
      if (typeof file !== 'string') return [changesetOf(tree, file, properties)];
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

/** Whether a changelog is in a folder above that of another. */
function isAbove(path: string, of: string): boolean {
  return parentOf(path) !== parentOf(of) && isWithin(of, parentOf(path));
}

/** A folder and those above it, the nearest first; three are enough for a tree of changelogs. */
function ancestry(folder: string): readonly string[] {
  const above = [folder, parentOf(folder), parentOf(parentOf(folder))];
  return [...new Set(above)];
}
