import { printable } from '../core/index.ts';
import { type DifferenceNode } from '../fingerprint/index.ts';
import { type Release } from '../release/index.ts';

export interface Work {
  readonly tiers: Release['tiers'];
  readonly steps: readonly unknown[];
}
export const nothingDone: Work = { tiers: [], steps: [] };
export function restoring(node: DifferenceNode, _work: Work): string {
  const [one] = node.own;
  if (one === undefined) return '';
  const { in: where, name, property, before } = one;
  if (where === 'sequence' && property !== null)
    return printable(`let down.sql set it: select setval('${name.replaceAll("'", "''")}', ${String(before)}, false)`);
  return `correct down.sql so that ${printable(name)} is as it was before`;
}
