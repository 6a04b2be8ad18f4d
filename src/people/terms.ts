import { type Digest, digest } from '../core/index.ts';
import { type EvidenceKind, type SshKey } from '../evidence/index.ts';
import { type Policy, type Registry } from './documents.ts';
import { readRules } from './history-rules.ts';
import { policyDigest } from './policy.ts';
import { type Rules } from './signed-evidence.ts';
import { registryDigest } from './registry.ts';
import { whyUncounted } from './voices.ts';

/** What is known about registries from outside the log. */
export type Pin =
  /** Nothing: no chain of the log is accepted. */
  | { readonly pinned: 'nothing' }
  /** Nothing: the reader compares the root that is shown. */
  | { readonly pinned: 'compared' }
  /** The first registry of the target. */
  | { readonly pinned: 'root'; readonly registry: Digest }
  /** A registry of any version: it names all before it by their digests. */
  | { readonly pinned: 'registry'; readonly registry: Registry; readonly policy: Policy | null };

/** Registry and policy of a target, and the index of the log from which on they count. */
export interface Term {
  readonly from: number;
  /** The entry that contained it first; null: none did, it was pinned. */
  readonly told: number | null;
  readonly registry: Registry;
  readonly policy: Policy | null;
}

/** An entry that contains the history of a registry: a record of people, or of rules. */
export interface RegistryRecord {
  readonly index: number;
  readonly kind: EvidenceKind;
  readonly signer: SshKey | null;
  readonly target: string;
  readonly rules: Rules;
}

/**
 * Which registry counts from which entry on: of one target, by the entries that tell of it. The root counts from the first entry on, each
 * next one from the first entry that tells of it: by its place in the log, which no one can choose afterwards, never by a time in it.
 *
 * An entry is believed where every document follows from the root by signatures of the quorum, and the root is the pinned one. When a change
 * came into force, and that no one had withdrawn from it before, is the word of the host that wrote the entry: so it tells of a change only
 * where it counts itself, by the registry before it, or where the pinned registry vouches for the change. The first policy is its word too: of
 * several beginnings the one that is told by an entry that counts is taken.
 *
 * Stops: a key that was removed and goes on with an old time; a chain of someone's own, or the true first registry beside a policy of someone's
 * own; a change that was signed and withdrawn.
 */
export function termsOf(
  told: readonly RegistryRecord[],
  { pin, own }: { readonly pin: Pin; readonly own: readonly SshKey[] | null },
): readonly Term[] {
  const chains = told.flatMap((one) => {
    if (!mayFit(one.rules, pin)) return [];
    const states = statesOf(one.rules);
    const [root] = states;
    return root !== undefined && fits(states, pin) ? [{ one, root, states }] : [];
  });
  const counts = (one: RegistryRecord, { registry }: State): boolean =>
    whyUncounted({ registry, own, by: null }, one) === null;
  const begins = chains.find(({ one, root }) => counts(one, root));
  if (begins === undefined && pin.pinned === 'registry' && pin.registry.version === 1)
    return [{ from: 0, told: null, registry: pin.registry, policy: pin.policy }];
  const first = begins ?? chains[0];
  if (first === undefined) return [];
  const known: State[] = [first.root];
  const terms: Term[] = [termOf(first.root, { from: 0, told: first.one.index })];
  for (const { one, states } of chains) {
    if (!known.every((state, n) => states[n] === undefined || isSame(state, states[n]))) continue;
    const isHeard = counts(one, known.at(-1) ?? first.root);
    for (const state of states.slice(terms.length)) {
      const isVouched =
        pin.pinned === 'registry' &&
        state.registry.version !== known.at(-1)?.registry.version &&
        state.registry.version <= pin.registry.version;
      if (!isHeard && !isVouched) break;
      known.push(state);
      terms.push(termOf(state, { from: one.index, told: one.index }));
    }
  }
  return terms;
}

function termOf({ registry, policy }: State, at: Pick<Term, 'from' | 'told'>): Term {
  return { ...at, registry, policy };
}

/** The states of a chain whose every link holds; none where one does not. Verifying signatures is expensive, and the same rules are in many records. */
function statesOf(rules: Rules): readonly State[] {
  const known = read.get(rules);
  if (known !== undefined) return known;
  const states = readRules(rules);
  const found =
    typeof states === 'string'
      ? []
      : states.map(({ registry, policy }): State => {
          return { registry, policy, name: { registry: registryDigest(registry), policy: policyDigest(policy) } };
        });
  read.set(rules, found);
  return found;
}
const read = new WeakMap<Rules, readonly State[]>();

/** What was in force at a point of a chain, and its digests. */
interface State {
  readonly registry: Registry;
  readonly policy: Policy;
  readonly name: { readonly registry: Digest; readonly policy: Digest };
}

function isSame(one: State, other: State): boolean {
  return one.name.registry === other.name.registry && one.name.policy === other.name.policy;
}

/** The same by its documents alone. Stops: an attacker's chain that is so long that every command verifies its signatures for minutes. */
function mayFit({ first, links }: Rules, pin: Pin): boolean {
  const later = links.filter(({ kind }) => kind === 'registry').map(({ document }) => document);
  const names = [first.registry, ...later].map((document) => digest('registry', [document]));
  switch (pin.pinned) {
    case 'nothing':
      return false;
    case 'compared':
      return true;
    case 'root':
      return names[0] === pin.registry;
    case 'registry':
      return names.includes(registryDigest(pin.registry)) || names.at(-1) === pin.registry.previous;
    default:
      return pin satisfies never;
  }
}

/** Says whether a chain is one of the pinned registry: it holds it, or that one is the next after it. */
function fits(states: readonly State[], pin: Pin): boolean {
  const [root] = states;
  const last = states.at(-1);
  if (root === undefined || last === undefined) return false;
  switch (pin.pinned) {
    case 'nothing':
      return false;
    case 'compared':
      return true;
    case 'root':
      return root.name.registry === pin.registry;
    case 'registry': {
      const { version, previous } = pin.registry;
      const there = states.find(({ registry }) => registry.version === version);
      if (there !== undefined) return there.name.registry === registryDigest(pin.registry);
      return version === last.registry.version + 1 && previous === last.name.registry;
    }
    default:
      return pin satisfies never;
  }
}
