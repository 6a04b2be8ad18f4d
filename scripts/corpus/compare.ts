import { type Finding } from './trial.io.ts';

/** A migration as the judge says, and as `oneroof check --json` says. */
export interface Verdicts {
  readonly name: string;
  readonly judge: readonly Finding['what'][];
  readonly ours: readonly string[];
}

/** What the judge calls what the command calls by a code. */
const same: Readonly<Record<string, readonly Finding['what'][]>> = {
  'no-down': ['no down'],
  'empty-down': ['schema differs', 'rows differ'],
  'down-fails': ['down fails'],
  'schema-not-restored': ['schema differs'],
  'column-order': ['schema differs'],
  'data-lost': ['rows differ'],
  'data-changed': ['rows differ'],
  'up-fails': ['up fails'],
  'up-fails-on-rows': ['up fails on rows'],
  'up-fails-after-down': ['second up fails'],
  'up-differs-after-down': ['second up differs'],
  'needs-no-transaction': ['up fails', 'down fails'],
};

/**
 * How two verdicts of a migration compare. `wrong clean` is what must never be: the command says that it is clean, and the judge found something.
 * `partly`: both found faults, and not the same.
 */
export type Agreement = 'agree' | 'wrong clean' | 'only ours' | 'partly' | 'not judged';

export function agreementOf({ judge, ours }: Verdicts): Agreement {
  if (ours.includes('not-judged')) return 'not judged';
  if (ours.length === 0) return judge.length === 0 ? 'agree' : 'wrong clean';
  if (judge.length === 0) return 'only ours';
  const known = judge.every((what) => ours.some((code) => same[code]?.includes(what)));
  const seen = ours.every((code) => same[code]?.some((what) => judge.includes(what)));
  return known && seen ? 'agree' : 'partly';
}
