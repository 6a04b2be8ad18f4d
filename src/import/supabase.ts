import { type Parser } from '../release/index.ts';
import { manifestsNamed } from './manifests.ts';
import { type Migration } from './migration.ts';
import { nameIn, parentOf, pathIn, type FileTree } from './repository.ts';
import { migrationOf, refuseTwice, wholeFile, skippedFiles } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

const form = /^([0-9]+)_(.*)\.sql$/;

/** `supabase/migrations/20240102030405_a.sql`, by name; there is no down. Source: supabase/cli, pkg/migration/{list,file,apply}.go. */
export const supabase: MigrationTool = {
  name: 'supabase',
  find: (tree) =>
    manifestsNamed(tree, 'config.toml')
      .filter((path) => nameIn(parentOf(path)) === 'supabase')
      .map((path) => ({ path, folder: pathIn(parentOf(path), 'migrations') }))
      .filter(({ folder }) => tree.folders.get(folder)?.some((name) => form.test(name)))
      .map(({ path, folder }) => ({ tool: 'supabase', folder, knownBy: path, strength: 'certain' })),
  read: ({ tree, folder, parser }: Reading): ReadMigrations => {
    const names = (tree.folders.get(folder) ?? []).filter((name) => name.endsWith('.sql'));
    const isOld = (name: string, index: number): boolean =>
      index === 0 && name.endsWith('_init.sql') && name.slice(0, 8) < '20211209';
    const taken = names.filter((name, index) => form.test(name) && !isOld(name, index));
    const { migrations, warnings } = refuseTwice(
      taken.map((name) => readFile({ tree, parser }, pathIn(folder, name))),
      'Supabase records a version once',
    );
    const skipped = names.filter((name) => !taken.includes(name));
    return {
      migrations,
      warnings: [
        ...warnings,
        ...skippedFiles({
          folder,
          names: skipped,
          text: 'Supabase skips it: its name is not 20240102030405_name.sql, or it is an old init',
        }),
      ],
    };
  },
};

function readFile({ tree, parser }: { tree: FileTree; parser: Parser }, path: string): Migration {
  const whole = wholeFile(tree, path, 'transaction');
  // the file is one implicit transaction; what cannot be in one is sent alone
  const isAlone = parser.tryParse(whole.script.text)?.some(({ step }) => !step.transactional) ?? false;
  const up = isAlone ? { ...whole, script: { ...whole.script, send: 'statements' as const } } : whole;
  return migrationOf({
    id: form.exec(nameIn(path))?.[1] ?? '',
    name: nameIn(path).replace(/\.sql$/, ''),
    up,
    down: null,
  });
}
