import { foldersWith } from './fitting-folders.ts';
import { asTable, cargoCrates, manifestMark, manifestsNamed, readToml } from './manifests.ts';
import { type Script } from './migration.ts';
import { type HalfFile, pairUp } from './pair-up.ts';
import { type FileTree, pathIn, nameIn, parentOf } from './repository.ts';
import { migrationOfPair, refuseTwice, type Side, wholeFile } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations, type ReadWarning } from './tool.ts';

/** `1_a.sql`, or `1_a.up.sql` and `1_a.down.sql`, by a signed 64-bit number. Source: sqlx, sqlx-core/src/migrate/source.rs. */
export const sqlx: MigrationTool = {
  name: 'sqlx',
  find: (tree) => {
    const crates = cargoCrates(tree, ['sqlx', 'sqlx-cli', 'sqlx-core', 'sqlx-postgres']);
    const configured = manifestsNamed(tree, 'sqlx.toml').flatMap((path) => {
      const folder = asTable(readToml(tree, path)['migrate'])['migrations-dir'];
      return typeof folder === 'string' ? [pathIn(parentOf(path), folder.replace(/^\.\//, ''))] : [];
    });
    return foldersWith(tree, /^[0-9]+_.*\.sql$/).flatMap(({ folder }) => {
      if (configured.includes(folder))
        return [{ tool: 'sqlx', folder, knownBy: 'migrations-dir in sqlx.toml', strength: 'certain' }];
      const mark = manifestMark(folder, crates);
      return mark === null || !/migrat/i.test(nameIn(folder)) ? [] : [{ tool: 'sqlx', folder, ...mark }];
    });
  },
  read,
};

/** The largest version, a signed 64-bit number. */
const largest = 2n ** 63n - 1n;

function read({ tree, folder }: Reading): ReadMigrations {
  const warnings: ReadWarning[] = [];
  const halves: (HalfFile & { readonly version: bigint })[] = [];
  for (const name of tree.folders.get(folder) ?? []) {
    const path = pathIn(folder, name);
    const [, digits, title] = /^([^_]*)_(.*\.sql)$/.exec(name) ?? [];
    if (digits === undefined || title === undefined) {
      if (name.endsWith('.sql')) warnings.push({ file: path, text: 'sqlx skips it: its name is not VERSION_name.sql' });
    } else if (!/^[+-]?[0-9]+$/.test(digits) || BigInt(digits.replace(/^\+/, '')) > largest)
      warnings.push({
        file: path,
        text: `sqlx refuses the whole folder: ${digits === '' ? 'nothing' : digits} is no number before _`,
      });
    else {
      const version = BigInt(digits.replace(/^\+/, ''));
      const direction = title.endsWith('.down.sql') ? 'down' : 'up';
      halves.push({ id: String(version), version, name: name.replace(/(\.up|\.down)?\.sql$/, ''), direction, path });
    }
  }
  const sorted = halves.toSorted((one, other) =>
    one.version < other.version ? -1 : one.version > other.version ? 1 : 0,
  );
  const { migrations, warnings: twice } = refuseTwice(
    pairUp(sorted).map((pair) => migrationOfPair(pair, { folder, side: (path) => side(tree, path) })),
    'sqlx records a version once',
  );
  return { migrations, warnings: [...warnings, ...twice] };
}

/** Only these very characters at the beginning of the file end the transaction. */
function side(tree: FileTree, path: string): Side {
  const send: Script['send'] = tree.read(path).text.startsWith('-- no-transaction') ? 'message' : 'transaction';
  return wholeFile(tree, path, send);
}
