import { parse } from 'smol-toml';
import { type FileTree, pathIn, isWithin, nameIn, parentOf } from './repository.ts';
import { type FittingFolder } from './tool.ts';

/** Files that name a tool, such as each go.mod with its module. */
export interface Manifests {
  /** How a person calls the tool in them: `pressly/goose`. */
  readonly tool: string;
  readonly paths: readonly string[];
}

/** A table of TOML or an object of JSON, not yet trusted. */
type Table = Readonly<Record<string, unknown>>;

/** The go.mod files that require a module themselves: what a dependency needs says nothing of the product. */
export function goModules(tree: FileTree, module: string): Manifests {
  return {
    tool: module.replace(/^github\.com\//, '').replace(/\/v\d+$/, ''),
    paths: manifestsNamed(tree, 'go.mod').filter((path) =>
      tree
        .read(path)
        .text.split('\n')
        .some(
          (line) =>
            line
              .replace(/^\s*require\s/, '')
              .trim()
              .startsWith(module) && !line.includes('// indirect'),
        ),
    ),
  };
}

/**
 * The Cargo.toml files that depend on one of some crates. Where their features name databases and PostgreSQL is none of them, the repository
 * uses another one: there are none.
 */
export function cargoCrates(tree: FileTree, crates: readonly string[]): Manifests {
  const found = manifestsNamed(tree, 'Cargo.toml').flatMap((path) => {
    const uses = cratesIn(readToml(tree, path)).filter(([name]) => crates.includes(name));
    return uses.length === 0 ? [] : [{ path, features: uses.flatMap(([, features]) => features) }];
  });
  const features = found.flatMap((one) => one.features);
  const isOther =
    features.some((name) => /mysql|sqlite/.test(name)) && !features.some((name) => /postgres|^any$/.test(name));
  return { tool: crates[0] ?? '', paths: isOther ? [] : found.map(({ path }) => path) };
}

/** The names of the crates in a Cargo.toml, with the features that it asks of each. */
function cratesIn(manifest: Table): readonly (readonly [string, readonly string[]])[] {
  const tables = [manifest, asTable(manifest['workspace']), ...Object.values(asTable(manifest['target'])).map(asTable)];
  return tables.flatMap((table) =>
    ['dependencies', 'dev-dependencies', 'build-dependencies'].flatMap((kind) =>
      Object.entries(asTable(table[kind])).map(([name, wanted]) => {
        const features = asTable(wanted)['features'];
        return [name, Array.isArray(features) ? features.map(String) : []] as const;
      }),
    ),
  );
}

/** The files whose text has a word, of those of a name. */
export function filesNaming(
  tree: FileTree,
  tool: string,
  test: { readonly name: RegExp; readonly text: RegExp },
): Manifests {
  const paths = tree.paths.filter((path) => test.name.test(nameIn(path)) && test.text.test(tree.read(path).text));
  return { tool, paths };
}

/** What is said of a folder by the nearest of some manifests: the one in a folder above it, or else any. */
export function manifestMark(
  folder: string,
  { tool, paths }: Manifests,
): Pick<FittingFolder, 'knownBy' | 'strength'> | null {
  const above = paths
    .filter((path) => isWithin(folder, parentOf(path)))
    .toSorted((one, other) => other.length - one.length)[0];
  const path = above ?? paths[0];
  return path === undefined
    ? null
    : { knownBy: `${tool} in ${path}`, strength: above === undefined ? 'likely' : 'certain' };
}

/** A TOML file as an untrusted table; empty where it is absent or not TOML. */
export function readToml(tree: FileTree, path: string): Table {
  return tableOf(() => parse(tree.read(path).text));
}

/** A value as an untrusted table; empty where it is none. */
export function asTable(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
}

/** What a parser of a manifest gives; a file that is damaged names no tool. */
export function tableOf(read: () => unknown): Table {
  try {
    return asTable(read());
  } catch {
    return {};
  }
}

/** Each file of a name, in any folder. */
export function manifestsNamed(tree: FileTree, name: string): readonly string[] {
  const folders = [...tree.folders].filter(([, names]) => names.includes(name));
  return folders.map(([folder]) => pathIn(folder, name));
}

/** The package.json files that depend on a package. */
export function npmPackages(tree: FileTree, name: string): Manifests {
  const paths = manifestsNamed(tree, 'package.json').filter((path) => versionIn(tree, path, name) !== null);
  return { tool: name, paths };
}

/** The version of a package that a package.json asks for; null: it does not. */
export function versionIn(tree: FileTree, path: string, name: string): string | null {
  const manifest = tableOf(() => JSON.parse(tree.read(path).text));
  const versions = ['dependencies', 'devDependencies', 'peerDependencies'].map((kind) => asTable(manifest[kind])[name]);
  return versions.find((version) => typeof version === 'string') ?? null;
}

/** A text without what is between two marks, as comments are. A regular expression would take hours for a file of marks that are never closed. */
export function withoutBlocks(text: string, open: string, close: string): string {
  const parts: string[] = [];
  let at = 0;
  for (let start = text.indexOf(open); start !== -1; start = text.indexOf(open, at)) {
    const end = text.indexOf(close, start + open.length);
    if (end === -1) break;
    parts.push(text.slice(at, start));
    at = end + close.length;
  }
  return [...parts, text.slice(at)].join('');
}
