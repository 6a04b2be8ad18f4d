import { isOtherDatabase, isPostgres } from './dialect.ts';
import { fileWith, foldersWith } from './fitting-folders.ts';
import { goModules, manifestMark } from './manifests.ts';
import { type Script } from './migration.ts';
import { type HalfFile, ownFirst, pairUp } from './pair-up.ts';
import { byteOrder, type FileTree, pathIn } from './repository.ts';
import { lineOf, migrationOfPair, refuseTwice, type Side, wholeFile } from './scripts.ts';
import { type FittingFolder, type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** Source: ory/x, popx/match.go, migration_box.go, migration_content.go. */
const form = /^(\d+)_([^.]+)(?:\.([a-z0-9]+))?(\.autocommit)?\.(up|down)\.sql$/;
/** Where the migrations of ory/x itself lie; each product runs them together with its own. */
const shared = /(?:^|\/)networkx\/migrations\/sql$/;

/** `20200101000000_a.postgres.up.sql` by the text of the version; the file for a database wins over the one for all. */
export const popx: MigrationTool = {
  name: 'popx',
  find: (tree) => {
    const modules = goModules(tree, 'github.com/ory/x');
    const pop = goModules(tree, 'github.com/ory/pop');
    const found = foldersWith(tree, form).flatMap(
      ({ folder, names }): readonly (FittingFolder & { readonly versions: ReadonlySet<string> })[] => {
        // without a file for one database it is as likely another tool's; templates are for a table of each tenant, with names from the program
        if (
          !names.some((name) => isDatabase(form.exec(name)?.[3])) ||
          fileWith(tree, { folder, names }, /\{\{/) !== null
        )
          return [];
        const mark = manifestMark(folder, modules) ?? manifestMark(folder, pop);
        const versions = new Set(names.map((name) => form.exec(name)?.[1] ?? ''));
        const known = mark ?? { knownBy: `files named ${names[0]}`, strength: 'shape' as const };
        return [{ tool: 'popx', folder, ...known, versions }];
      },
    );
    // the sources from which a folder is made, a folder with its own placeholders, and the shared migrations are no projects of their own
    const own = found.filter(
      (one) =>
        !found.some(
          (other) =>
            other.versions.size > one.versions.size &&
            [...one.versions].every((version) => other.versions.has(version)),
        ) && !(shared.test(one.folder) && found.some((other) => !shared.test(other.folder))),
    );
    return own.map(({ tool, folder, knownBy, strength }) => ({ tool, folder, knownBy, strength }));
  },
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const own = halvesIn(tree, folder);
    const beside = shared.test(folder) ? [] : [...tree.folders.keys()].filter((one) => shared.test(one));
    // a product that makes the shared tables in its own migrations does not run the shared ones
    const others = beside
      .flatMap((one) => halvesIn(tree, one))
      .filter(({ title }) => !own.some((one) => one.title === title));
    const halves = [...own, ...others];
    const pairs = pairUp(halves).toSorted((one, other) => byteOrder(one.id, other.id));
    const { migrations, warnings } = refuseTwice(
      pairs.map((pair) => migrationOfPair(pair, { folder, side: (path) => side(tree, path) })),
      'popx records a version once',
    );
    return { migrations, warnings };
  },
};

/** The files for PostgreSQL: of one version and direction the file for it, or else the one for all. */
function halvesIn(tree: FileTree, folder: string): readonly (HalfFile & { readonly title: string })[] {
  const all = (tree.folders.get(folder) ?? []).flatMap((name) => {
    const [, id, title, database, , direction] = form.exec(name) ?? [];
    if (id === undefined || (isDatabase(database) && isOtherDatabase(database ?? ''))) return [];
    return [
      {
        id,
        name: `${id}_${title}`,
        title: title ?? '',
        direction: direction === 'up' ? ('up' as const) : ('down' as const),
        path: pathIn(folder, name),
        isOwn: isDatabase(database),
      },
    ];
  });
  return ownFirst(all);
}

function isDatabase(word: string | undefined): boolean {
  return word !== undefined && (isOtherDatabase(word) || isPostgres(word));
}

function side(tree: FileTree, path: string): Side {
  const send: Script['send'] = path.includes('.autocommit.') ? 'message' : 'transaction';
  const whole = wholeFile(tree, path, send);
  const { text } = whole.script;
  const template = /\{\{-?(.{0,200}?)-?\}\}/s.exec(text);
  if (template === null) return whole;
  const place = `${path}:${lineOf(text, template.index)}`;
  return {
    ...whole,
    problem: `${place} is a template of Go: the program gives {{ ${template[1]?.trim()} }} its value, and no file does`,
  };
}
