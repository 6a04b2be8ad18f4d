import { z } from 'zod';
import { parseYaml } from '../yaml/index.ts';
import { tableChangeset, type WrittenChangeset, xmlChangesets } from './changelog-sql.ts';
import { asTable, tableOf } from './manifests.ts';
import { type FileTree, isWithin, nameIn, parentOf, pathIn } from './repository.ts';
import { type ReadWarning } from './tool.ts';
import { elementsIn } from './xml-elements.ts';

/** Says whether a file is formatted SQL of Liquibase. */
const formatted = /^\uFEFF?\s*--\s*liquibase formatted sql/i;

/** A file of formatted SQL, or one changeset of a changelog. */
export type ChangelogStep = string | WrittenChangeset;

/** Files that may be changelogs. */
export const changelogName = /changelog.*\.(?:xml|ya?ml|json)$/i;

/**
 * What a folder of Liquibase runs, in the order of its changelog. Without a changelog by path, as includeAll has them.
 */
export function changelogOrder(
  tree: FileTree,
  folder: string,
): { readonly steps: readonly ChangelogStep[]; readonly warnings: readonly ReadWarning[] } {
  const below = tree.paths.filter((path) => isWithin(path, folder));
  const sql = below.filter((path) => path.endsWith('.sql') && formatted.test(tree.read(path).text));
  const logs = below.filter((path) => changelogName.test(nameIn(path)) && partsOf(tree, path).length > 0);
  const included = new Set(logs.flatMap((path) => partsOf(tree, path)).flatMap((part) => targetsOf(tree, part)));
  const masters = logs
    .filter((path) => !included.has(path))
    .toSorted(
      (one, other) =>
        Number(/master|root/i.test(other)) - Number(/master|root/i.test(one)) || one.length - other.length,
    );
  const [master] = masters;
  if (master === undefined) return { steps: sql, warnings: [] };
  const steps = expand(tree, master, new Set());
  const left = sql.filter((path) => !steps.includes(path));
  return {
    steps,
    warnings: left.map((file) => ({ file, text: `Liquibase does not run it: ${master} does not include it` })),
  };
}

/** One part of a changelog: a file, a folder, or a changeset of its own. */
type ChangelogPart =
  | {
      readonly kind: 'include' | 'includeAll';
      readonly path: string;
      readonly isRelative: boolean;
      readonly from: string;
    }
  | { readonly kind: 'own'; readonly changeset: WrittenChangeset };

/** A changelog that is included a second time does nothing more. */
function expand(tree: FileTree, log: string, done: Set<string>): readonly ChangelogStep[] {
  if (done.has(log)) return [];
  done.add(log);
  return partsOf(tree, log).flatMap((part): readonly ChangelogStep[] => {
    if (part.kind === 'own') return [part.changeset];
    return targetsOf(tree, part).flatMap((target) => {
      if (!target.endsWith('.sql')) return expand(tree, target, done);
      if (done.has(target)) return [];
      done.add(target);
      return [target];
    });
  });
}

/** The files that a part names, from its own folder, from the folders above it, or from the root of resources. */
function targetsOf(tree: FileTree, part: ChangelogPart): readonly string[] {
  if (part.kind === 'own') return [];
  const { kind, path, isRelative, from } = part;
  const plain = path
    .replace(/^classpath\*?:/, '')
    .replace(/^\.?\/+/, '')
    .replace(/\/$/, '');
  const homes = isRelative ? [parentOf(from)] : ['', ...foldersAbove(from)];
  for (const home of homes) {
    const target = pathIn(home, plain);
    if (kind === 'include' && tree.read(target).problem === null) return [target];
    const below = tree.paths.filter((one) => isWithin(one, target) && /\.(?:sql|xml|ya?ml|json)$/.test(one));
    if (kind === 'includeAll' && below.length > 0) return below;
  }
  return [];
}

function foldersAbove(path: string): readonly string[] {
  const parent = parentOf(path);
  return parent === '' ? [] : [parent, ...foldersAbove(parent)];
}

function partsOf(tree: FileTree, path: string): readonly ChangelogPart[] {
  const { text } = tree.read(path);
  return path.endsWith('.xml') ? partsOfXml(text, path) : partsOfYaml(text, path);
}

function partsOfXml(text: string, from: string): readonly ChangelogPart[] {
  const changesets = xmlChangesets(text, from);
  let own = 0;
  return elementsIn(text, 0)
    .filter(({ name }) => name === 'databaseChangeLog')
    .flatMap(({ inside, at }) => elementsIn(inside, at))
    .flatMap(({ name, attributes }): readonly ChangelogPart[] => {
      if (name === 'changeSet') {
        const changeset = changesets[own];
        own += 1;
        return changeset === undefined ? [] : [{ kind: 'own', changeset }];
      }
      return name === 'include' || name === 'includeAll' ? [included(name, attributes, from)] : [];
    });
}

function partsOfYaml(text: string, from: string): readonly ChangelogPart[] {
  const read = from.endsWith('.json')
    ? tableOf(() => JSON.parse(text))
    : parseYaml({ file: from, text, schema: z.unknown(), invalid: 'YAML_INVALID' });
  const log =
    'ok' in read
      ? asTable(read['ok'] === true ? read['value'] : null)['databaseChangeLog']
      : asTable(read)['databaseChangeLog'];
  return (Array.isArray(log) ? log : []).flatMap((one: unknown): readonly ChangelogPart[] => {
    const part = asTable(one);
    if ('changeSet' in part)
      return [{ kind: 'own', changeset: tableChangeset(part['changeSet'], { log: from, text }) }];
    if ('includeAll' in part) return [included('includeAll', asTable(part['includeAll']), from)];
    return 'include' in part ? [included('include', asTable(part['include']), from)] : [];
  });
}

function included(
  kind: 'include' | 'includeAll',
  attributes: Readonly<Record<string, unknown>>,
  from: string,
): ChangelogPart {
  const path = attributes[kind === 'includeAll' ? 'path' : 'file'];
  const isRelative = String(attributes['relativeToChangelogFile']) === 'true';
  return { kind, path: typeof path === 'string' ? path : '', isRelative, from };
}
