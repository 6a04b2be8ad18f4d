import { type Risk, type Weight } from './dossier.ts';
import { type RuleFacts, type Rule } from './risk-rules.ts';
import { rulesAround } from './rules.around.ts';
import { effects } from './rules.effects.ts';

const order: readonly Weight[] = ['stop', 'think', 'know'];

/** The rules, by name. Each looks at measured facts only. */
export const riskRules: Readonly<Record<string, Rule>> = { ...effects, ...rulesAround };

/** Everything that can go wrong or cannot be undone, heaviest first; equal ones in the order of the rules. */
export function risksOf(facts: RuleFacts): readonly Risk[] {
  return Object.values(riskRules)
    .flatMap(({ part, says }) => says(facts).map((said) => ({ ...said, part })))
    .toSorted((a, b) => order.indexOf(a.weight) - order.indexOf(b.weight));
}
