import { fileWith, foldersWith } from './fitting-folders.ts';
import { asTable, tableOf, withoutBlocks } from './manifests.ts';
import { type Migration } from './migration.ts';
import { substitute } from './placeholders.ts';
import { byteOrder, type FileTree, isWithin, nameIn, parentOf, pathIn } from './repository.ts';
import { migrationOf, nothing } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** `committed/000001-a.sql` in a chain of hashes; there is no down. Source: graphile/migrate, src/migration.ts, header.ts, settings.ts. */
export const graphileMigrate: MigrationTool = {
  name: 'graphile-migrate',
  find: (tree) =>
    foldersWith(tree, form).flatMap(({ folder, names }) => {
      const file = fileWith(tree, { folder, names }, /^--! Previous: /);
      return file === null
        ? []
        : [{ tool: 'graphile-migrate', folder, knownBy: `--! Previous: in ${file}`, strength: 'certain' }];
    }),
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const values = placeholdersOf(tree, folder);
    let previous = '-';
    const names = (tree.folders.get(folder) ?? []).filter((name) => form.test(name)).toSorted(byteOrder);
    const migrations = names.map((name) => {
      const { migration, hash } = readFile({ tree, file: pathIn(folder, name), values, previous });
      previous = hash;
      return migration;
    });
    return { migrations, warnings: [] };
  },
};

const form = /^[0-9]{6,}(?:-.*)?\.sql$/;

interface CommittedFile {
  readonly tree: FileTree;
  readonly file: string;
  readonly values: ReadonlyMap<string, string | null>;
  /** The hash of the file before. */
  readonly previous: string;
}

function readFile({ tree, file, values, previous }: CommittedFile): {
  readonly migration: Migration;
  readonly hash: string;
} {
  const { text, problem } = tree.read(file);
  const name = nameIn(file).replace(/\.sql$/, '');
  const id = /^[0-9]+/.exec(name)?.[0] ?? name;
  // a carriage return would be part of a hash
  const [, before, hash = ''] = /^--! Previous: (.*)\n--! Hash: (.*)\n/.exec(text) ?? [];
  const blank = /\n\n/.exec(text)?.index ?? -1;
  const refused = (why: string): { migration: Migration; hash: string } => ({
    migration: migrationOf({ id, name, up: nothing(file), down: null, problem: why }),
    hash,
  });
  if (problem !== null) return refused(`${file} ${problem}`);
  if (before === undefined || blank < 0)
    return refused(`graphile-migrate refuses ${file}: its header is not --! Previous:, --! Hash: and an empty line`);
  if (before !== previous)
    return refused(`graphile-migrate refuses ${file}: its Previous is not the Hash of the file before`);
  const body = text.slice(blank + 2);
  const { text: sql, missing } = substitute(body, {
    form: /:[A-Z][A-Z0-9_]*\b/g,
    valueOf: ([word]) => values.get(word),
    nameOf: ([word]) => word,
  });
  const send = /^--!\s*no-transaction\b/.test(body) ? 'message' : 'transaction';
  const line = text.slice(0, blank + 2).split('\n').length;
  const up = {
    script: { file, line, text: sql, send } as const,
    problem: missing === null ? null : `${file} uses the placeholder ${missing}, whose value is not in .gmrc`,
  };
  return { migration: migrationOf({ id, name, up, down: null }), hash };
}

/** The placeholders of .gmrc; null: the value is taken from the environment, or from the address of the database. */
function placeholdersOf(tree: FileTree, folder: string): ReadonlyMap<string, string | null> {
  const path = tree.paths
    .filter((one) => /^\.gmrc(?:\.jsonc?|\.json5)?$/.test(nameIn(one)) && isWithin(folder, parentOf(one)))
    .toSorted((one, other) => other.length - one.length)[0];
  const text = path === undefined ? '' : tree.read(path).text;
  const bare = withoutBlocks(text, '/*', '*/').replaceAll(/^[ \t]*\/\/.*$/gm, '');
  const settings = tableOf(() => JSON.parse(bare.replaceAll(/,(?=[ \t\r\n]{0,200}[}\]])/g, '')));
  const own = Object.entries(asTable(settings['placeholders'])).map(([name, value]): [string, string | null] => [
    name,
    value === '!ENV' ? null : String(value),
  ]);
  return new Map([[':DATABASE_NAME', null], [':DATABASE_OWNER', null], ...own]);
}
