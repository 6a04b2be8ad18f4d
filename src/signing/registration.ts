import { OneRoofError, stated } from '../core/index.ts';
import {
  isSoftware,
  type Passkey,
  type Policy,
  type Registry,
  registryDigest,
  unnamedAuthenticator,
} from '../people/index.ts';

/** Someone who gets a key. */
export interface Enrolment {
  readonly id: string;
  /** null: as the registry has it. */
  readonly name: string | null;
  readonly level: number | null;
}

/** Why a new key is not taken into a registry. */
export type EnrolmentRefusal = { readonly code: 'software-key' | 'aaguid' | 'key-known'; readonly text: string };

/** null: the policy allows such a key, and no one has it yet. */
export function refuseKey(key: Passkey, policy: Policy, registry: Registry | null): EnrolmentRefusal | null {
  const { aaguids } = policy.authenticators;
  if (policy.production && isSoftware(key)) {
    const what = key.aaguid === unnamedAuthenticator ? 'does not say what it is' : 'is software';
    return { code: 'software-key', text: `the authenticator ${what}, and the policy is for production` };
  }
  if (aaguids !== null && !aaguids.includes(key.aaguid)) {
    return { code: 'aaguid', text: `the policy does not name authenticators of type ${key.aaguid}` };
  }
  const owner = registry?.persons.find((person) => person.keys.some(({ x, y }) => x === key.x && y === key.y));
  return owner === undefined ? null : { code: 'key-known', text: `${owner.id} already has this key` };
}

/** The version after the one in force, as it is before anything is changed; version 1 where there is none. */
export function nextVersion(current: Registry | null): Registry {
  return current === null
    ? { format: 1, version: 1, previous: null, persons: [], software: [] }
    : { ...current, version: current.version + 1, previous: registryDigest(current) };
}

/**
 * The next version of a registry, with one key more; version 1 where there is none.
 *
 * Errors  PERSON_INCOMPLETE where a person is new and has no name or no level.
 */
export function draftRegistry(current: Registry | null, person: Enrolment, key: Passkey): Registry {
  return withKey(nextVersion(current), person, key);
}

/**
 * A draft of the next version with one key more.
 *
 * Errors  PERSON_INCOMPLETE where a person is new and has no name or no level.
 */
export function withKey(draft: Registry, person: Enrolment, key: Passkey): Registry {
  const known = draft.persons.find(({ id }) => id === person.id);
  const name = person.name ?? known?.name;
  const level = person.level ?? known?.level;
  if (name === undefined || level === undefined) {
    throw new OneRoofError('PERSON_INCOMPLETE', {
      ...stated`${{ person: person.id }} is not in the registry yet`,
      fix: `give name and level: oneroof enrol --person ${person.id} --name "…" --level 4`,
    });
  }
  const next = { id: person.id, name, level, keys: [...(known?.keys ?? []), key] };
  const others = draft.persons.filter(({ id }) => id !== person.id);
  return { ...draft, persons: [...others, next].toSorted((one, other) => (one.id < other.id ? -1 : 1)) };
}

/** What is dropped: a person, or their one key whose credential begins with this text. */
export interface Leaving {
  readonly person: string;
  readonly key: string | null;
}

/**
 * A draft of the next version without a person, or without one key of theirs.
 *
 * Errors  PERSON_UNKNOWN where the person is not there, or not exactly one key begins so.
 */
export function without(draft: Registry, { person, key }: Leaving): Registry {
  const known = draft.persons.find(({ id }) => id === person);
  if (known === undefined)
    throw new OneRoofError('PERSON_UNKNOWN', {
      ...stated`${{ person }} is not in the registry`,
      fix: `one of these: ${draft.persons.map(({ id }) => id).join(', ') || 'it has no persons'}`,
    });
  if (key === null) return { ...draft, persons: draft.persons.filter(({ id }) => id !== person) };
  const gone = known.keys.filter(({ credential }) => credential.startsWith(key));
  if (key === '' || gone.length !== 1)
    throw new OneRoofError('PERSON_UNKNOWN', {
      ...stated`${{ count: gone.length }} keys of ${{ person }} have a credential that begins with "${{ key }}"`,
      fix: `name one of these: ${known.keys.map(({ credential }) => credential.slice(0, 12)).join(', ') || `none: ${person} has no key`}`,
    });
  const keys = known.keys.filter((one) => !gone.includes(one));
  return { ...draft, persons: draft.persons.map((one) => (one.id === person ? { ...one, keys } : one)) };
}
