import { manifestsNamed, npmPackages, readToml, versionIn } from './manifests.ts';
import { type Script } from './migration.ts';
import { type FileTree, foldersIn, isWithin, parentOf, pathIn } from './repository.ts';
import { migrationOf, wholeFile } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** `20240102030405_a/migration.sql`, by the name of the folder. Source: prisma-engines, commands/apply_migrations.rs, flavour/postgres.rs. */
export const prisma: MigrationTool = {
  name: 'prisma',
  find: (tree) =>
    manifestsNamed(tree, 'migration_lock.toml')
      .filter((path) => readToml(tree, path)['provider'] === 'postgresql')
      .map((path) => ({
        tool: 'prisma',
        folder: parentOf(path),
        knownBy: `provider postgresql in ${path}`,
        strength: 'certain',
      })),
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const names = foldersIn(tree, folder);
    const has = (name: string, file: string): boolean =>
      tree.folders.get(pathIn(folder, name))?.includes(file) ?? false;
    const send = sendOf(tree, folder);
    return {
      migrations: names
        .filter((name) => has(name, 'migration.sql'))
        .map((name) => {
          const path = pathIn(folder, name);
          // Prisma runs no down; its documentation has people write one beside the migration
          const down = has(name, 'down.sql') ? wholeFile(tree, pathIn(path, 'down.sql'), send) : null;
          return migrationOf({ id: name, name, up: wholeFile(tree, pathIn(path, 'migration.sql'), send), down });
        }),
      warnings: names
        .filter((name) => !has(name, 'migration.sql'))
        .map((name) => ({ file: pathIn(folder, name), text: 'Prisma refuses it: there is no migration.sql in it' })),
    };
  },
};

/** Engines of 7.4 and later send each statement alone; older ones the file as one message. */
function sendOf(tree: FileTree, folder: string): Script['send'] {
  const path =
    npmPackages(tree, 'prisma')
      .paths.filter((one) => isWithin(folder, parentOf(one)))
      .at(-1) ?? '';
  const [major = 0, minor = 0] = (versionIn(tree, path, 'prisma') ?? '').replace(/^\D*/, '').split('.').map(Number);
  return major > 7 || (major === 7 && minor >= 4) ? 'statements' : 'message';
}
