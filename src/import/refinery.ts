import { foldersWith } from './fitting-folders.ts';
import { cargoCrates, manifestMark } from './manifests.ts';
import { type Migration } from './migration.ts';
import { pathIn } from './repository.ts';
import { inCode, migrationOf, refuseTwice, wholeFile, skippedFiles } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';
import { compareParts, versionParts } from './version-parts.ts';

const form = /^([UV])(\d+(?:\.\d+)?)__(\w+)\.(sql|rs)$/;

/** `V1__a.sql` by number; `U` only means that it may run late, and there is no down. Source: rust-db/refinery, refinery_core/src/util.rs, runner.rs. */
export const refinery: MigrationTool = {
  name: 'refinery',
  find: (tree) => {
    const crates = cargoCrates(tree, ['refinery', 'refinery-core', 'refinery_cli']);
    return foldersWith(tree, form).flatMap(({ folder }) => {
      const mark = manifestMark(folder, crates);
      return mark === null ? [] : [{ tool: 'refinery', folder, ...mark }];
    });
  },
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const names = tree.folders.get(folder) ?? [];
    const files = names.flatMap((name) => {
      const [, , version, , ending] = form.exec(name) ?? [];
      return version === undefined ? [] : [{ name, version, ending }];
    });
    const sorted = files.toSorted((one, other) => compareParts(versionParts(one.version), versionParts(other.version)));
    const { migrations, warnings } = refuseTwice(
      sorted.map(({ name, version, ending }): Migration => {
        const file = pathIn(folder, name);
        const known = { id: versionParts(version).join('.'), name: name.replace(/\.\w+$/, '') };
        return ending === 'rs'
          ? inCode({ ...known, file, language: 'Rust' })
          : migrationOf({ ...known, up: wholeFile(tree, file, 'transaction'), down: null });
      }),
      'refinery records a version once',
    );
    const skipped = names.filter((name) => name.endsWith('.sql') && !form.test(name));
    return {
      migrations,
      warnings: [
        ...warnings,
        ...skippedFiles({ folder, names: skipped, text: 'refinery skips it: its name is not V1__name.sql' }),
      ],
    };
  },
};
