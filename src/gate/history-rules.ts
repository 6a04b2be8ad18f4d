import { canonicalJson, type Instant } from '../core/index.ts';
import { verifyChain } from './chain.ts';
import { type Policy, type Registry } from './documents.ts';
import { chainOf, type PeopleRecord, type Rules } from './record.ts';

/** What was in force from a time on. */
export interface InForce {
  readonly since: Instant | null;
  readonly policy: Policy;
  readonly registry: Registry;
}

/** What was in force, state by state; a text: why the chain does not hold. */
export function readRules(rules: Rules): readonly InForce[] | string {
  const states: InForce[] = [];
  for (let count = 0; count <= rules.links.length; count += 1) {
    const verdict = verifyChain(chainOf({ first: rules.first, links: rules.links.slice(0, count) }));
    if (!verdict.ok) return verdict.problem;
    const since = rules.links[count - 1]?.acceptedAt ?? null;
    const before = states.at(-1)?.since ?? null;
    if (since !== null && before !== null && since < before)
      return 'a registry or policy came into force before the one it follows';
    states.push({ since, policy: verdict.policy, registry: verdict.registry });
  }
  return states;
}

/** What the log tells of the database of one target, up to a record of it. */
export interface Line {
  readonly of: Rules;
  readonly states: readonly InForce[];
  /** The incarnation of the database; null: no record has told it yet. */
  readonly incarnation: string | null;
}

/** A record that was checked by itself, and how it goes on from what the log told before of its target. */
export interface Step {
  readonly record: PeopleRecord;
  readonly states: readonly InForce[];
}

/**
 * The line after a record; a text: why the record does not go on from what was told before.
 *
 * Stops: rules that nobody let in; a record of another database under the same name. Only an adoption that a quorum signed joins a
 * database to the one before it: a restore may have registries and policies accepted again later, and none less.
 */
export function lineAfter(before: Line | undefined, { record, states }: Step): Line | string {
  const { rules, statement, facts } = record;
  const { adopted } = statement;
  if (before === undefined)
    return { of: rules, states, incarnation: adopted?.incarnation ?? facts?.incarnation ?? null };
  if (adopted === undefined) {
    if (!isContinued(before.of, rules))
      return 'its registries and policies do not continue those of the entry before it';
    if (facts !== null && before.incarnation !== null && facts.incarnation !== before.incarnation)
      return `its database is another one (incarnation ${facts.incarnation}) than that of the entries before it (${before.incarnation}), and no adoption joins them`;
    return { of: rules, states: joined(before.states, states), incarnation: facts?.incarnation ?? before.incarnation };
  }
  if (!holdsDocuments(before.of, rules))
    return 'its registries and policies are not those of the entry before it: the adoption lost some';
  if (before.incarnation !== null && adopted.before !== before.incarnation)
    return `it adopts another database (incarnation ${adopted.before}) than that of the entries before it (${before.incarnation})`;
  return { of: rules, states: joined(before.states, states), incarnation: adopted.incarnation };
}

function isContinued(before: Rules, after: Rules): boolean {
  const cut = { ...after, links: after.links.slice(0, before.links.length) };
  return canonicalJson(cut) === canonicalJson(before);
}

/** The same documents in the same order, whoever signed them again, and when they were accepted again. */
function holdsDocuments(before: Rules, after: Rules): boolean {
  const documents = ({ links }: Rules): readonly string[] => links.map(({ kind, document }) => `${kind} ${document}`);
  const there = documents(after);
  return (
    canonicalJson(before.first) === canonicalJson(after.first) &&
    documents(before).every((document, index) => there[index] === document)
  );
}

/** In the order of time: what was in force before the restore, by the log, and since. */
function joined(before: readonly InForce[], after: readonly InForce[]): readonly InForce[] {
  const all = new Map([...before, ...after].map((one) => [canonicalJson(one), one]));
  return [...all.values()].toSorted((one, other) => ((one.since ?? '') < (other.since ?? '') ? -1 : 1));
}
