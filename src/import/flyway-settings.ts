import { z } from 'zod';
import { parseYaml } from '../yaml/index.ts';
import { asTable, readToml } from './manifests.ts';
import { byteOrder, type FileTree, pathIn, isWithin, nameIn, parentOf } from './repository.ts';

/** Flyway's settings as a file has them: `locations`, `placeholders.name`, without what stands before them. */
interface SettingsFile {
  readonly path: string;
  readonly values: ReadonlyMap<string, string>;
}

/** What Flyway reads a folder with. */
export interface FlywaySettings {
  /** The file that says so; null: there is none, and all is as Flyway has it by itself. */
  readonly path: string | null;
  /** Folders from the root; empty where none is set. */
  readonly locations: readonly string[];
  valueOf(name: string): string | undefined;
}

/** Every file that configures Flyway, those of Spring too. */
export function flywayFiles(tree: FileTree): readonly SettingsFile[] {
  return tree.paths.flatMap((path) => {
    const values = valuesIn(tree, path);
    return values.size === 0 ? [] : [{ path, values }];
  });
}

function valuesIn(tree: FileTree, path: string): ReadonlyMap<string, string> {
  const name = nameIn(path);
  if (/^flyway.*\.conf$/.test(name)) return properties(tree.read(path).text, 'flyway.');
  if (/^flyway.*\.toml$/.test(name)) return flat(readToml(tree, path)['flyway']);
  if (/^(?:application|bootstrap)[\w-]*\.properties$/.test(name))
    return properties(tree.read(path).text, 'spring.flyway.');
  if (!/^(?:application|bootstrap)[\w-]*\.ya?ml$/.test(name)) return new Map();
  const read = parseYaml({ file: path, text: tree.read(path).text, schema: z.unknown(), invalid: 'YAML_INVALID' });
  return flat(read.ok ? asTable(asTable(read.value)['spring'])['flyway'] : {});
}

/** Lines `key=value` or `key: value` that begin with a prefix, as Java reads them. */
function properties(text: string, prefix: string): ReadonlyMap<string, string> {
  const lines = text.replaceAll(/\\\r?\n\s*/g, '').split(/\r?\n/);
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [, key, value] = /^\s*([^#!=:\s][^=:\s]*)\s*[=:\s](.*)$/.exec(line) ?? [];
      return key?.startsWith(prefix) === true ? [[key.slice(prefix.length), (value ?? '').trim()]] : [];
    }),
  );
}

/** A table with tables in it as `a.b` → value; a list as its values with commas. */
function flat(table: unknown, prefix = ''): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(asTable(table)).flatMap(([key, value]): [string, string][] => {
      const name = `${prefix}${key}`;
      if (Array.isArray(value)) return [[name, value.join(',')]];
      if (typeof value === 'object' && value !== null) return [...flat(value, `${name}.`)];
      return [[name, String(value)]];
    }),
  );
}

/** The settings for a folder: those of the file that has it as a location, or else of the nearest one above it that names no location. */
export function flywaySettings(files: readonly SettingsFile[], tree: FileTree, folder: string): FlywaySettings {
  const all = files.map((file) => ({ file, locations: locationsOf(file, tree) }));
  const naming = all.find(({ locations }) => locations.includes(folder));
  const above = all
    .filter(({ file }) => isWithin(folder, homeOf(file.path)) || isWithin(folder, resourcesOf(file.path)))
    .filter(({ locations }) => locations.length === 0)
    .toSorted(
      (one, other) =>
        homeOf(other.file.path).length - homeOf(one.file.path).length || byteOrder(one.file.path, other.file.path),
    )[0];
  const chosen = naming ?? above;
  const values = new Map([...(chosen?.file.values ?? [])].map(([name, value]) => [key(name), value]));
  return {
    path: chosen?.file.path ?? null,
    locations: chosen?.locations ?? [],
    valueOf: (name) => values.get(key(name)),
  };
}

/** `sql-migration-prefix` of Spring is sqlMigrationPrefix; names of placeholders know no case. */
function key(name: string): string {
  return name.replaceAll('-', '').toLowerCase();
}

/** Where a file's relative folders begin: `conf/flyway.conf` belongs to the folder above. */
function homeOf(path: string): string {
  const folder = parentOf(path);
  return nameIn(folder) === 'conf' ? parentOf(folder) : folder;
}

/** The module of a file in `src/main/resources`. */
function resourcesOf(path: string): string {
  return parentOf(path).replace(/\/?src\/(?:main|test)\/resources(?:\/.*)?$/, '');
}

/** The folders of a file's locations that are there. `{vendor}` of Spring is the name of the database. */
function locationsOf({ path, values }: SettingsFile, tree: FileTree): readonly string[] {
  const wanted = (values.get('locations') ?? '')
    .split(',')
    .map((one) => one.trim().replaceAll('{vendor}', 'postgresql'));
  const folders = new Set(tree.folders.keys());
  const isThere = (folder: string): boolean => [...folders].some((one) => isWithin(one, folder));
  return wanted.flatMap((location) => {
    const [, kind = 'classpath', rest = ''] = /^(?:(filesystem|classpath):)?\/?(.*?)\/?$/.exec(location) ?? [];
    if (rest === '') return [];
    const plain = rest.replace(/^\.\//, '');
    const homes =
      kind === 'filesystem'
        ? [homeOf(path), parentOf(path), '']
        : [parentOf(path), pathIn(resourcesOf(path), 'src/main/resources'), homeOf(path)];
    return homes
      .map((home) => pathIn(home, plain))
      .filter(isThere)
      .slice(0, 1);
  });
}
