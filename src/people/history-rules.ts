import { canonicalJson, type Instant } from '../core/index.ts';
import { verifyChain } from './registry-chain.ts';
import { type Policy, type Registry } from './documents.ts';
import { chainOf, type PeopleRecord, type Rules } from './signed-evidence.ts';

/** The documents in force from a time on. */
export interface RulesInForce {
  readonly since: Instant | null;
  readonly policy: Policy;
  readonly registry: Registry;
}

/** What was in force, state by state; a text: why the chain does not hold. */
export function readRules(rules: Rules): readonly RulesInForce[] | string {
  const states: RulesInForce[] = [];
  for (let count = 0; count <= rules.links.length; count += 1) {
    const verdict = verifyChain(chainOf({ first: rules.first, links: rules.links.slice(0, count) }));
    if (!verdict.ok) return verdict.problem;
    const since = rules.links[count - 1]?.acceptedAt ?? null;
    const before = states.at(-1)?.since ?? null;
    if (since !== null && before !== null && since < before)
      return 'a registry or policy came into force before its predecessor';
    states.push({ since, policy: verdict.policy, registry: verdict.registry });
  }
  return states;
}

/** What the log says about the database of one target, up to one of its records. */
export interface TargetHistory {
  readonly of: Rules;
  readonly states: readonly RulesInForce[];
  /** The incarnation of the database; null: no record has named it yet. */
  readonly incarnation: string | null;
}

/** A record that was checked alone, and how it continues what the log said before about its target. */
export interface HistoryStep {
  readonly record: PeopleRecord;
  readonly states: readonly RulesInForce[];
}

/**
 * The line after a record; a text: why the record does not go on from what was told before.
 *
 * Stops: rules that no quorum accepted; a record of another database under the same name. Only an adoption that a quorum signed joins a
 * database to the one before it: a restore may have registries and policies accepted again later, and none less.
 */
export function lineAfter(before: TargetHistory | undefined, { record, states }: HistoryStep): TargetHistory | string {
  const { rules, statement, facts } = record;
  const { adopted } = statement;
  if (before === undefined)
    return { of: rules, states, incarnation: adopted?.incarnation ?? facts?.incarnation ?? null };
  if (adopted === undefined) {
    if (!isContinued(before.of, rules))
      return 'its registries and policies do not continue those of the previous entry';
    if (facts !== null && before.incarnation !== null && facts.incarnation !== before.incarnation)
      return `its database (incarnation ${facts.incarnation}) is not the database of the entries before it (${before.incarnation}), and no adoption connects them`;
    return { of: rules, states: joined(before.states, states), incarnation: facts?.incarnation ?? before.incarnation };
  }
  if (!holdsDocuments(before.of, rules))
    return 'its registries and policies are not those of the previous entry: the adoption lost some';
  if (before.incarnation !== null && adopted.before !== before.incarnation)
    return `it adopts another database (incarnation ${adopted.before}) than the one of the entries before it (${before.incarnation})`;
  return { of: rules, states: joined(before.states, states), incarnation: adopted.incarnation };
}

function isContinued(before: Rules, after: Rules): boolean {
  const cut = { ...after, links: after.links.slice(0, before.links.length) };
  return canonicalJson(cut) === canonicalJson(before);
}

/** The same documents in the same order, even if others signed them again or they were accepted again at another time. */
function holdsDocuments(before: Rules, after: Rules): boolean {
  const documents = ({ links }: Rules): readonly string[] => links.map(({ kind, document }) => `${kind} ${document}`);
  const there = documents(after);
  return (
    canonicalJson(before.first) === canonicalJson(after.first) &&
    documents(before).every((document, index) => there[index] === document)
  );
}

/** In order of time: what was in force before the restore, according to the log, and since. */
function joined(before: readonly RulesInForce[], after: readonly RulesInForce[]): readonly RulesInForce[] {
  const all = new Map([...before, ...after].map((one) => [canonicalJson(one), one]));
  return [...all.values()].toSorted((one, other) => ((one.since ?? '') < (other.since ?? '') ? -1 : 1));
}
