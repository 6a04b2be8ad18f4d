import { type Passkey, type Person, type Policy, type Registry, type Seat, type Signature } from './documents.ts';
import { type AssertionCode, checkAssertion } from './passkey.ts';
import { isAllowed } from './registry.ts';
import { findShortage, type Present, type Shortage } from './seats.ts';

/** Why a signature does not count, in addition to problems of the assertion itself. */
export type DropCode =
  | AssertionCode
  | 'credential'
  | 'key-twice'
  | 'authenticator'
  | 'author'
  | 'same-key'
  | 'same-person';

/** A signature that does not count, and why. It does not affect those that do. */
export interface UncountedSignature {
  readonly credential: string;
  readonly person: string | null;
  readonly code: DropCode;
  readonly problem: string;
}

/** A person whose signature counts, once, no matter how many keys they signed with. */
export interface CountedSigner extends Present {
  readonly person: string;
  /** The indexes of the valid signatures in the list that was handed in. */
  readonly signatures: readonly number[];
}

/** Who signed, who did not count, and whether that fills the seats. */
export interface SeatsState {
  readonly seats: readonly Seat[];
  readonly counted: readonly CountedSigner[];
  readonly dropped: readonly UncountedSignature[];
  /** null: every seat is filled. */
  readonly shortage: Shortage | null;
}

/** What is counted. */
export interface Signing {
  /** The statement's hash. */
  readonly challenge: Uint8Array;
  readonly signatures: readonly Signature[];
  readonly policy: Policy;
  readonly registry: Registry;
  readonly seats: readonly Seat[];
  /** Names and ids of persons who fill no seat: authors, and those who instructed them. */
  readonly excluded: readonly string[];
}

/**
 * Counts the persons behind signatures, and checks whether they fill the seats.
 *
 * A bad signature is dropped and closes nothing: else anyone could close the gate by handing in noise. Stops: a key that fills two
 * seats under two ids, a person who fills two with two keys, an authenticator that no one enrolled, an author who ratifies their own work.
 */
export function countSigners(signing: Signing): SeatsState {
  const dropped: UncountedSignature[] = [];
  const counted = new Map<string, CountedSigner>();
  const used = new Set<string>();
  for (const [index, signature] of signing.signatures.entries()) {
    const { credential } = signature;
    const found = findKey(signing.registry, credential);
    const drop = (code: DropCode, problem: string): void => {
      dropped.push({ credential, person: found?.person.id ?? null, code, problem });
    };
    if (found === null) {
      drop('credential', 'no person of the registry has this passkey');
      continue;
    }
    const { person, key } = found;
    const refusal = problemOf(signing, { ...found, signature });
    if (refusal !== null) {
      drop(refusal.code, refusal.problem);
      continue;
    }
    const identity = `${key.x} ${key.y}`;
    if (used.has(identity)) {
      drop('same-key', `${person.id} has already signed with this key`);
      continue;
    }
    used.add(identity);
    const before = counted.get(person.id);
    if (before !== undefined)
      drop('same-person', `${person.id} has already signed with another key; a person counts once`);
    counted.set(person.id, {
      person: person.id,
      level: person.level,
      bound: key.device === 'bound' || before?.bound === true,
      signatures: [...(before?.signatures ?? []), index],
    });
  }
  const persons = [...counted.values()];
  return { seats: signing.seats, counted: persons, dropped, shortage: findShortage(signing.seats, persons) };
}

interface Found {
  readonly person: Person;
  readonly key: Passkey;
}

function findKey(registry: Registry, credential: string): Found | null {
  for (const person of registry.persons)
    for (const key of person.keys) if (key.credential === credential) return { person, key };
  return null;
}

function problemOf(
  { challenge, policy, registry, excluded }: Signing,
  { person, key, signature }: Found & { readonly signature: Signature },
): { readonly code: DropCode; readonly problem: string } | null {
  const same = registry.persons
    .flatMap(({ keys }) => keys)
    .filter((other) => (other.x === key.x && other.y === key.y) || other.credential === key.credential);
  if (same.length !== 1)
    return { code: 'key-twice', problem: 'this key is in the registry twice, so it identifies no one' };
  if (registry.persons.filter(({ id }) => id === person.id).length !== 1)
    return { code: 'key-twice', problem: `the id ${person.id} is in the registry twice` };
  if (!isAllowed(policy, key))
    return { code: 'authenticator', problem: `the policy does not allow the authenticator model ${key.aaguid}` };
  const bad = checkAssertion({
    challenge,
    policy,
    key,
    // a key that was enrolled as bound and says that it is backed up is not the key that was enrolled
    device: key.device === 'bound' ? 'bound' : 'any',
    signature,
  });
  if (bad !== null) return bad;
  if (isNamed(person, excluded))
    return { code: 'author', problem: `${person.id} is an author of the release, or instructed one` };
  return null;
}

/** Says whether a list names a person, by id or by name. Letters of ASCII count alike in both cases. */
export function isNamed({ id, name }: Pick<Person, 'id' | 'name'>, names: readonly string[]): boolean {
  const folded = new Set(names.map(fold));
  return folded.has(fold(id)) || folded.has(fold(name));
}

/** As `lower(x collate "C")` does in every version of PostgreSQL. */
function fold(text: string): string {
  return text.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
