import type { Difference } from '../fingerprint.ts';
import { causeFinder } from './cause.ts';
import { withoutLast } from './name-parts.ts';
import type { ComparedSchemas, DifferenceNode, NodeDraft } from './node.ts';

/**
 * Puts differences under their causes: the columns of a dropped table under the table, the members of an extension that remains under the
 * extension. Nothing is lost: each difference is in one node.
 *
 * Shape   roots by weight: logical before strict; rows and what is gone first.
 */
export function differenceTree(
  differences: readonly Difference[],
  schemas?: ComparedSchemas,
): readonly DifferenceNode[] {
  const nodes = nodesOf(differences);
  const causeOf = causeFinder(nodes, schemas);
  const parents = new Map<NodeDraft, NodeDraft>();
  for (const node of nodes) {
    const cause = causeOf(node);
    if (cause !== null && !leadsTo(parents, cause, node)) parents.set(node, cause);
  }
  const below = new Map<NodeDraft, NodeDraft[]>();
  for (const [node, cause] of parents) below.set(cause, [...(below.get(cause) ?? []), node]);
  const built = (node: NodeDraft): DifferenceNode => ({ ...node, below: ordered((below.get(node) ?? []).map(built)) });
  return ordered(nodes.filter((node) => !parents.has(node)).map(built));
}

/** Every node below another one, at whatever depth. */
export function allBelow(node: DifferenceNode): readonly DifferenceNode[] {
  return node.below.flatMap((one) => [one, ...allBelow(one)]);
}

/** The differences of one thing together, in the order in which they came. */
function nodesOf(differences: readonly Difference[]): readonly NodeDraft[] {
  const groups = new Map<string, Difference[]>();
  for (const one of differences) {
    const key = isOrder(one) ? `columns\0${relationOfOrder(one)}` : `${one.in}\0${one.kind}\0${one.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()].flatMap((own): readonly NodeDraft[] => {
    const [first] = own;
    if (first === undefined) return [];
    const level = own.some((one) => one.level === 'logical') ? 'logical' : 'strict';
    if (isOrder(first))
      return [{ kind: 'columns', name: relationOfOrder(first), in: 'schema', change: 'changed', level, own }];
    const { kind, name } = first;
    return [{ kind, name, in: first.in, change: changeOf(first), level, own }];
  });
}

function changeOf({ property, before, after }: Difference): DifferenceNode['change'] {
  if (property !== null) return 'changed';
  return before === null ? 'new' : after === null ? 'gone' : 'changed';
}

/** Numbers and positions: a column that was dropped and added again changes these for its whole relation. */
function isOrder({ in: where, level, kind, property }: Difference): boolean {
  if (where !== 'schema' || level !== 'strict') return false;
  return kind === 'column'
    ? property === 'attnum' || property === 'position'
    : kind !== 'index' && property === 'attributes';
}

function relationOfOrder({ kind, name }: Difference): string {
  return kind === 'column' ? withoutLast(name) : name;
}

/** Whether a chain of causes comes to a node: two that cause each other are both roots. */
function leadsTo(parents: ReadonlyMap<NodeDraft, NodeDraft>, from: NodeDraft, to: NodeDraft): boolean {
  for (let at: NodeDraft | undefined = from; at !== undefined; at = parents.get(at)) if (at === to) return true;
  return false;
}

/** What holds rows. */
const holding: readonly string[] = ['table', 'column', 'materialized view', 'foreign table', 'schema'];

/** The less, the sooner it is shown. */
function weightOf({ level, in: where, change, kind }: DifferenceNode): number {
  const strict = level === 'strict' ? 10 : 0;
  if (where !== 'schema') return strict;
  if (change === 'gone') return strict + (holding.includes(kind) ? 0 : 1);
  return strict + (change === 'changed' ? 2 : 3);
}

function ordered(nodes: readonly DifferenceNode[]): readonly DifferenceNode[] {
  const sizes = new Map(nodes.map((node) => [node, allBelow(node).length]));
  return nodes.toSorted((a, b) => weightOf(a) - weightOf(b) || (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
}
