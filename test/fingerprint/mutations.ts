import type { Difference } from '../../src/fingerprint/index.ts';

/** One change of one property of one object of the fixture, and the difference by which it must be found. */
export interface Mutation {
  readonly what: string;
  /** What must be there first, beside the fixture. */
  readonly setup?: readonly string[];
  readonly change: readonly string[];
  /** `kind name: property`, `kind name: whole` for an object that came or went; ` (strict)` at the end where only that level sees it. */
  readonly finds: string;
  /** What cannot but change with it. On the newest version each of these must be found too, on older ones it may be. */
  readonly also?: readonly string[];
  /** The first major version that knows it. */
  readonly from?: 15 | 18;
}

/** A difference as the table of mutations writes it. */
export function written({ kind, name, property, level }: Difference): string {
  return `${kind} ${name}: ${property ?? 'whole'}${level === 'strict' ? ' (strict)' : ''}`;
}

/** One mutation of each object of a list: its SQL after the verb, and how the fingerprint names it. */
export function forEach(
  objects: readonly (readonly [sqlName: string, finds: string])[],
  change: (sqlName: string, finds: string) => Mutation,
): readonly Mutation[] {
  return objects.map(([sqlName, finds]) => change(sqlName, finds));
}
