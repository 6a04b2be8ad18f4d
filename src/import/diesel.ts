import { asTable, cargoCrates, manifestMark, manifestsNamed, readToml } from './manifests.ts';
import { type Migration, type Script } from './migration.ts';
import { byteOrder, type FileTree, foldersIn, pathIn, nameIn, parentOf } from './repository.ts';
import { migrationOf, refuseTwice, wholeFile } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** `2024-01-02-030405_name/up.sql`. Source: diesel, diesel_migrations/src/file_based_migrations.rs, migrations_internals/src/lib.rs. */
export const diesel: MigrationTool = {
  name: 'diesel',
  find: (tree) => {
    const crates = cargoCrates(tree, ['diesel', 'diesel_migrations', 'diesel-async', 'diesel_async']);
    const configured = manifestsNamed(tree, 'diesel.toml').flatMap((path) => {
      const folder = asTable(readToml(tree, path)['migrations_directory'])['dir'];
      return [pathIn(parentOf(path), typeof folder === 'string' ? folder.replace(/^\.\//, '') : 'migrations')];
    });
    const folders = new Set(
      [...tree.folders].flatMap(([folder, names]) =>
        names.includes('up.sql') && /^[0-9]/.test(nameIn(folder)) ? [parentOf(folder)] : [],
      ),
    );
    return [...folders].flatMap((folder) => {
      if (configured.includes(folder)) return [{ tool: 'diesel', folder, knownBy: 'diesel.toml', strength: 'certain' }];
      const mark = manifestMark(folder, crates);
      return mark === null ? [] : [{ tool: 'diesel', folder, ...mark }];
    });
  },
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const names = foldersIn(tree, folder).filter((name) => !name.startsWith('.'));
    const [fit, other] = [true, false].map((wanted) =>
      names.filter((name) => hasFile(tree, pathIn(folder, name), 'up.sql') === wanted),
    );
    const { migrations, warnings } = refuseTwice(
      (fit ?? [])
        .map((name) => readFolder(tree, pathIn(folder, name)))
        .toSorted((one, another) => byteOrder(one.id, another.id)),
      'diesel keeps only one of them',
    );
    return {
      migrations,
      warnings: [
        ...warnings,
        ...(other ?? []).map((name) => ({
          file: pathIn(folder, name),
          text: 'diesel refuses the whole folder: there is no up.sql in it',
        })),
      ],
    };
  },
};

function readFolder(tree: FileTree, folder: string): Migration {
  const name = nameIn(folder);
  const send = sendOf(tree, folder);
  const up = wholeFile(tree, pathIn(folder, 'up.sql'), send);
  return migrationOf({
    id: (name.split('_')[0] ?? '').replaceAll('-', ''),
    name,
    up,
    down: hasFile(tree, folder, 'down.sql') ? wholeFile(tree, pathIn(folder, 'down.sql'), send) : null,
    problem: up.problem === null && up.script.text === '' ? `diesel refuses ${folder}/up.sql: it is empty` : null,
  });
}

/** A metadata.toml without the key means false; one that is no TOML is as none. */
function sendOf(tree: FileTree, folder: string): Script['send'] {
  if (!hasFile(tree, folder, 'metadata.toml')) return 'transaction';
  const path = pathIn(folder, 'metadata.toml');
  const table = readToml(tree, path);
  const isDamaged = Object.keys(table).length === 0 && tree.read(path).text.replaceAll(/#.*$/gm, '').trim() !== '';
  return isDamaged || table['run_in_transaction'] === true ? 'transaction' : 'message';
}

function hasFile(tree: FileTree, folder: string, name: string): boolean {
  return tree.folders.get(folder)?.includes(name) ?? false;
}
