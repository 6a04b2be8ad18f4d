import { canonicalJson, digest, OneRoofError } from '../core/index.ts';
import { isSoftware, type Passkey, type Policy, type Registry, unnamedAuthenticator } from '../gate/index.ts';

/** Somebody who gets a key. */
export interface Enrolment {
  readonly id: string;
  /** null: as the registry has it. */
  readonly name: string | null;
  readonly level: number | null;
}

/** Why a new key is not taken into a registry. */
export type EnrolmentRefusal = { readonly code: 'software-key' | 'aaguid' | 'key-known'; readonly text: string };

/** null: the policy takes such a key, and nobody has it yet. */
export function refuseKey(key: Passkey, policy: Policy, registry: Registry | null): EnrolmentRefusal | null {
  const { aaguids } = policy.authenticators;
  if (policy.production && isSoftware(key)) {
    const what = key.aaguid === unnamedAuthenticator ? 'does not say what it is' : 'is made of software';
    return { code: 'software-key', text: `the authenticator ${what}, and the policy is for production` };
  }
  if (aaguids !== null && !aaguids.includes(key.aaguid)) {
    return { code: 'aaguid', text: `the policy does not name authenticators of type ${key.aaguid}` };
  }
  const owner = registry?.persons.find((person) => person.keys.some(({ x, y }) => x === key.x && y === key.y));
  return owner === undefined ? null : { code: 'key-known', text: `${owner.id} has this key already` };
}

/**
 * The next version of a registry, with one key more; version 1 where there is none.
 *
 * Errors  PERSON_INCOMPLETE where a person is new and has no name or no level.
 */
export function draftRegistry(current: Registry | null, person: Enrolment, key: Passkey): Registry {
  const known = current?.persons.find(({ id }) => id === person.id);
  const name = person.name ?? known?.name;
  const level = person.level ?? known?.level;
  if (name === undefined || level === undefined) {
    throw new OneRoofError('PERSON_INCOMPLETE', {
      problem: `${person.id} is not in the registry yet`,
      fix: `say who that is: oneroof enrol --person ${person.id} --name "…" --level 4`,
    });
  }
  const next = { id: person.id, name, level, keys: [...(known?.keys ?? []), key] };
  const others = current?.persons.filter(({ id }) => id !== person.id) ?? [];
  return {
    format: 1,
    version: (current?.version ?? 0) + 1,
    previous: current === null ? null : digest('registry', [canonicalJson(current)]),
    persons: [...others, next].toSorted((one, other) => (one.id < other.id ? -1 : 1)),
    software: current?.software ?? [],
  };
}
