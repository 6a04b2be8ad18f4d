import { z } from 'zod';
import { parseYaml } from '../yaml/index.ts';
import { asTable, tableOf, withoutBlocks } from './manifests.ts';
import { type FileTree, isWithin, nameIn, parentOf, pathIn } from './repository.ts';
import { type ReadWarning } from './tool.ts';

/** Says whether a file is formatted SQL of Liquibase. */
const formatted = /^\uFEFF?\s*--\s*liquibase formatted sql/i;

/**
 * The files of a folder of Liquibase in the order of its changelog; a changelog that has changes of its own is among them. Without a changelog by
 * path, as includeAll has them.
 */
export function changelogOrder(
  tree: FileTree,
  folder: string,
): { readonly files: readonly string[]; readonly warnings: readonly ReadWarning[] } {
  const below = tree.paths.filter((path) => isWithin(path, folder));
  const sql = below.filter((path) => path.endsWith('.sql') && formatted.test(tree.read(path).text));
  const logs = below.filter(
    (path) => /changelog.*\.(?:xml|ya?ml|json)$/i.test(nameIn(path)) && partsOf(tree, path).length > 0,
  );
  const included = new Set(logs.flatMap((path) => partsOf(tree, path)).flatMap((part) => targetsOf(tree, part)));
  const masters = logs
    .filter((path) => !included.has(path))
    .toSorted(
      (one, other) =>
        Number(/master|root/i.test(other)) - Number(/master|root/i.test(one)) || one.length - other.length,
    );
  const [master] = masters;
  if (master === undefined) return { files: sql, warnings: [] };
  const files = [...new Set(expand(tree, master, []))];
  const left = sql.filter((path) => !files.includes(path));
  return {
    files,
    warnings: left.map((file) => ({ file, text: `Liquibase does not run it: ${master} does not include it` })),
  };
}

/** One part of a changelog: a file, a folder, or changes of its own. */
interface ChangelogPart {
  readonly kind: 'include' | 'includeAll' | 'own';
  readonly path: string;
  readonly isRelative: boolean;
  readonly from: string;
}

function expand(tree: FileTree, log: string, open: readonly string[]): readonly string[] {
  if (open.includes(log)) return [];
  return partsOf(tree, log).flatMap((part) =>
    part.kind === 'own'
      ? [log]
      : targetsOf(tree, part).flatMap((target) =>
          target.endsWith('.sql') ? [target] : expand(tree, target, [...open, log]),
        ),
  );
}

/** The files that a part names, from its own folder, from the folders above it, or from the root of resources. */
function targetsOf(tree: FileTree, { kind, path, isRelative, from }: ChangelogPart): readonly string[] {
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

/** XML is read for its elements alone: what is in a changeset is not run. */
function partsOfXml(text: string, from: string): readonly ChangelogPart[] {
  if (!/<databaseChangeLog\b/.test(text)) return [];
  const elements = withoutBlocks(text, '<!--', '-->').matchAll(/<(include|includeAll|changeSet)\b([^>]{0,2000})>/g);
  return [...elements].map(([, name, attributes = '']): ChangelogPart => {
    const valueOf = (key: string): string =>
      new RegExp(String.raw`\b${key}\s*=\s*["']([^"']*)["']`).exec(attributes)?.[1] ?? '';
    if (name === 'changeSet') return { kind: 'own', path: '', isRelative: false, from };
    const isAll = name === 'includeAll';
    return {
      kind: isAll ? 'includeAll' : 'include',
      path: valueOf(isAll ? 'path' : 'file'),
      isRelative: valueOf('relativeToChangelogFile') === 'true',
      from,
    };
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
    if ('changeSet' in part) return [{ kind: 'own', path: '', isRelative: false, from }];
    const kind = 'includeAll' in part ? 'includeAll' : 'include';
    const values = asTable(part[kind]);
    const path = values[kind === 'includeAll' ? 'path' : 'file'];
    return typeof path === 'string'
      ? [{ kind, path, isRelative: String(values['relativeToChangelogFile']) === 'true', from }]
      : [];
  });
}
