import { formatDuration, type Milliseconds } from '../core/index.ts';
import { type Dossier, type DossierPart, type Weight } from './dossier.ts';

/** The input of the rules: the dossier without the risks. */
export type RuleFacts = Omit<Dossier, 'risks'>;

/** What a rule found; empty where there is nothing to say. */
export type RuleFindings = readonly { readonly weight: Weight; readonly title: string; readonly text: string }[];

/** One rule: the part that it reads, and the risks that it finds. */
export interface Rule {
  readonly part: DossierPart;
  readonly says: (facts: RuleFacts) => RuleFindings;
}

/** What the text of a risk names at the most; the part that it points to names all. */
const named = 5;

/** One thing to say, where it is so. */
export const one = (
  is: boolean,
  weight: Weight,
  said: { readonly title: string; readonly text: string },
): RuleFindings => (is ? [{ weight, ...said }] : []);

/** The first of them, and how many more there are. */
export function listOf(items: readonly string[]): string {
  const more = items.length - named;
  return more > 0 ? `${items.slice(0, named).join('; ')}; and ${more} more` : items.join('; ');
}

/** `1 row`, `2 rows`. */
export function countOf(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** A length of time for people. */
export const lengthOf = (ms: number): string => formatDuration(ms as Milliseconds);
