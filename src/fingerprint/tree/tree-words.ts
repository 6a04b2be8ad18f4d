import { printable, truncate, type Facts, type Json } from '../../core/index.ts';
import { diffLines, explainChange } from '../shown-change.ts';
import { explainDifference } from '../explain.ts';
import type { Difference } from '../fingerprint.ts';
import { lastOf } from './name-parts.ts';
import type { ComparedSchemas, DifferenceNode } from './node.ts';
import { allBelow, differenceTree } from './tree.ts';

/** Differences that are shown, and how many are not. */
export interface ShownRoots {
  readonly roots: readonly DifferenceNode[];
  /** Roots that there was no room for, and the differences in them. */
  readonly more: { readonly roots: number; readonly differences: number };
}

/** How many roots are shown where a person reads. */
export const mostRoots = 10;

/** The heaviest roots of the tree, and how much is not shown. */
export function heaviest(differences: readonly Difference[], schemas?: ComparedSchemas, most = mostRoots): ShownRoots {
  const all = differenceTree(differences, schemas);
  const rest = all.slice(most);
  const count = rest.reduce((sum, node) => sum + sizeOf(node), 0);
  return { roots: all.slice(0, most), more: { roots: rest.length, differences: count } };
}

/** The differences of a node and of all below it. */
function sizeOf(node: DifferenceNode): number {
  return [node, ...allBelow(node)].reduce((sum, { own }) => sum + own.length, 0);
}

/** What a list of roots leaves out, in words; null where it is complete. */
export function explainMore({ more }: ShownRoots): string | null {
  if (more.roots === 0) return null;
  return `${counted(more.roots, 'more object')} ${more.roots === 1 ? 'differs' : 'differ'}, in ${counted(more.differences, 'property', 'properties')}`;
}

/** A node in one line, with a count of what is below it. */
export function explainNode(node: DifferenceNode): string {
  const below = countBelow(node);
  return `${explainOwn(node)}${below === '' ? '' : `, and with it ${below}`}`;
}

/** The same as data: the object, and what of it differs; long definitions are cut. */
export function nodeFacts(node: DifferenceNode): Facts {
  const { kind, name, change, own } = node;
  const differences = own
    .slice(0, mostRoots)
    .map(({ property, before, after }) => ({ property, before: short(before), after: short(after) }));
  return { kind, name, in: node.in, change, differences, differs: own.length };
}

const short = (value: Json): Json => (typeof value === 'string' ? truncate(value, 200) : value);

/** Properties of one object that are named. */
const mostProperties = 3;

function explainOwn(node: DifferenceNode): string {
  const { kind, name, own } = node;
  const [first, ...others] = own;
  if (first === undefined) return '';
  if (kind === 'columns') return explainOrder(name, own);
  const successor =
    node.change === 'gone' ? node.below.find((one) => one.change === 'new' && one.kind === kind) : undefined;
  if (successor !== undefined)
    return `${printable(kind)} ${truncate(printable(name), 200)} has another name: ${truncate(printable(lastOf(successor.name)), 200)}`;
  if (others.length === 0 || first.property === null) return explainDifference(first);
  const named = own
    .slice(1, mostProperties)
    .map((one) => `${printable(one.property ?? '')}: ${explainChange(one.before, one.after)}`);
  const more = own.length - 1 - named.length;
  return [explainDifference(first), ...named, ...(more > 0 ? [`and ${more} more properties`] : [])].join('; ');
}

/** Columns of one relation that have another number or position. */
function explainOrder(relation: string, own: readonly Difference[]): string {
  const moved = own.filter(({ property }) => property === 'position');
  const what = `columns of ${truncate(printable(relation), 200)}`;
  if (moved.length === 0) return `${what}: same order, other numbers (a dropped column leaves its number behind)`;
  const named = moved
    .slice(0, 5)
    .map(({ name, before, after }) => `${printable(lastOf(name))} ${String(before)} → ${String(after)}`);
  const more = moved.length - named.length;
  return `${what}: same columns in another order: ${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/** Kinds below a node that are counted; the rest is one number. */
const mostKinds = 6;

function countBelow(node: DifferenceNode): string {
  const groups = new Map<string, DifferenceNode[]>();
  const isSuccessor = (one: DifferenceNode): boolean => node.change === 'gone' && one.change === 'new';
  const all = allBelow(node).filter((one) => !isSuccessor(one));
  for (const one of all) {
    // its position goes with a sequence
    if (one.in === 'sequence' && all.some(({ in: where, name }) => where === 'schema' && name === one.name)) continue;
    const what = one.in === 'rows' ? 'rows' : one.kind;
    groups.set(what, [...(groups.get(what) ?? []), one]);
  }
  const words = [...groups].map(([kind, some]) => {
    const [only] = some;
    if (kind === 'columns') return 'the numbers of its other columns';
    if (kind === 'rows')
      return some.length === 1 && only?.name === node.name
        ? 'its rows'
        : `the rows of ${counted(some.length, 'relation')}`;
    return some.length === 1 && only !== undefined
      ? `${printable(kind)} ${truncate(printable(only.name), 80)}`
      : counted(some.length, printable(kind));
  });
  const more = words.length - mostKinds;
  return [...words.slice(0, mostKinds), ...(more > 0 ? [`${more} other kinds of objects`] : [])].join(', ');
}

/** Where the long definitions of a node differ, line by line. */
export function nodeLines(node: DifferenceNode): readonly string[] {
  return node.own.flatMap(({ property, before, after }) => {
    const lines = property === null ? [] : diffLines(before, after);
    return [...(lines.length > 0 && node.own.length > 1 ? [`${printable(property ?? '')}:`] : []), ...lines];
  });
}

function counted(n: number, one: string, many = pluralOf(one)): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}

function pluralOf(word: string): string {
  if (word.endsWith('statistics') || word.endsWith('privileges')) return word;
  const [first = '', rest] = word.split(' of ');
  if (rest !== undefined) return `${pluralOf(first)} of ${rest}`;
  return `${word.replace(/(x|s)$/, '$1e').replace(/y$/, 'ie')}s`;
}
