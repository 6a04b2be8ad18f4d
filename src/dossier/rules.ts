import { formatDuration, type Milliseconds } from '../core/index.ts';
import { type Dossier, type Part, type Weight } from './dossier.ts';

/** What the rules look at: everything but what they say. */
export type Facts = Omit<Dossier, 'risks'>;

/** What a rule found; empty where there is nothing to say. */
export type Said = readonly { readonly weight: Weight; readonly title: string; readonly text: string }[];

/** One rule: the part that it looks at, and what it says of it. */
export interface Rule {
  readonly part: Part;
  readonly says: (facts: Facts) => Said;
}

/** What the text of a risk names at the most; the part that it points to names all. */
const named = 5;

/** One thing to say, where it is so. */
export const one = (is: boolean, weight: Weight, said: { readonly title: string; readonly text: string }): Said =>
  is ? [{ weight, ...said }] : [];

/** The first of them, and how many more there are. */
export function list(items: readonly string[]): string {
  const more = items.length - named;
  return more > 0 ? `${items.slice(0, named).join('; ')}; and ${more} more` : items.join('; ');
}

/** `1 row`, `2 rows`. */
export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** A length of time for people. */
export const time = (ms: number): string => formatDuration(ms as Milliseconds);
