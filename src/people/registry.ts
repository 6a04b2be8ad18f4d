import { canonicalJson, digest, type Digest, type Problem, stated } from '../core/index.ts';
import { type Parsed, parseYaml } from '../yaml/index.ts';
import { checkAttestation } from './attestation.ts';
import { type Passkey, type Policy, type Registry } from './documents.ts';
import { isSoftware, unnamedAuthenticator } from './models.ts';
import { canonicalOnly, type UntrustedText } from './policy.ts';
import { registryForm } from './registry-form.ts';
import { explainShortage, findShortage, type Present } from './seats.ts';

/**
 * Reads a registry, JSON or YAML: checked, or all problems at once.
 *
 * Errors  none thrown; REGISTRY_INVALID and YAML_SYNTAX as problems, each with line and column.
 * Source  docs/FORMAT.md "Registry".
 */
export function parseRegistry(written: UntrustedText): Parsed<Registry> {
  return parseYaml({ ...written, schema: registryForm, invalid: 'REGISTRY_INVALID' });
}

/**
 * Reads a registry's canonical document, as the target database keeps it; any other bytes are refused.
 *
 * Errors  none thrown; REGISTRY_INVALID and YAML_SYNTAX as problems.
 */
export function parseRegistryDocument(written: UntrustedText): Parsed<Registry> {
  return canonicalOnly(parseRegistry(written), { written, document: registryDocument, code: 'REGISTRY_INVALID' });
}

/** The bytes of a registry for its digest. */
export function registryDocument(registry: Registry): string {
  return canonicalJson(registry);
}

/** The digest by which a ratification and the next version name the registry. */
export function registryDigest(registry: Registry): Digest {
  return digest('registry', [registryDocument(registry)]);
}

/** Says whether a registry is the version after another one. */
export function follows(next: Registry, current: Registry): boolean {
  return next.version === current.version + 1 && next.previous === registryDigest(current);
}

/** Says whether the policy allows a key of this model to sign; in production no model of software does. The database has the same rule. */
export function isAllowed(
  policy: Pick<Policy, 'production' | 'authenticators'>,
  { aaguid }: Pick<Passkey, 'aaguid'>,
): boolean {
  const { aaguids } = policy.authenticators;
  return (aaguids === null || aaguids.includes(aaguid)) && !(policy.production && isSoftware({ aaguid }));
}

/** Why a key is not attested as the policy requires; null: it is, or the policy names no one who could vouch for keys. */
export function unattested(
  policy: Pick<Policy, 'rpId' | 'authenticators'>,
  key: Passkey,
): ReturnType<typeof checkAttestation> {
  const { attestation, roots } = policy.authenticators;
  return attestation === 'none' || roots === undefined ? null : checkAttestation({ key, policy });
}

/** A problem of two documents together, and which part of which one it is about. */
export interface Mismatch extends Problem {
  readonly document: 'policy' | 'registry';
  readonly path: readonly (string | number)[];
}

/**
 * Finds what would go wrong at night: seats that no one can fill, a quorum that could never sign the next version, keys that do not count.
 *
 * Errors  none thrown; SEATS_UNFILLABLE, AUTHENTICATOR_REFUSED and ATTESTATION_REFUSED as problems.
 */
export function checkAgainst(policy: Policy, registry: Registry): readonly Mismatch[] {
  const present = registry.persons.flatMap(({ level, keys }): Present[] => {
    const usable = keys.filter((key) => isAllowed(policy, key) && unattested(policy, key) === null);
    return usable.length === 0 ? [] : [{ level, bound: usable.some(({ device }) => device === 'bound') }];
  });
  const wanted = [
    { what: 'the seats', path: ['seats'], seats: policy.seats },
    ...(policy.oneWaySeats.length === 0
      ? []
      : [
          {
            what: 'the seats and the further ones of a one-way tier',
            path: ['oneWaySeats'],
            seats: [...policy.seats, ...policy.oneWaySeats],
          },
        ]),
    ...policy.holdPoints.map(({ before, seats }, index) => ({
      what: `the seats of the hold point before ${before}`,
      path: ['holdPoints', index],
      seats,
    })),
    { what: 'the quorum for the next registry or policy', path: ['quorum'], seats: policy.quorum },
  ];
  const unfillable = wanted.flatMap(({ what, path, seats }): Mismatch[] => {
    const shortage = findShortage(seats, present);
    if (shortage === null) return [];
    const lacks = stated`the registry cannot fill ${{ seats: what }}: ${{ why: explainShortage(shortage) }} with a key that counts`;
    const fix = 'enrol another person or key, or require less in the policy';
    return [{ code: 'SEATS_UNFILLABLE', ...lacks, fix, document: 'policy', path }];
  });
  return [...unfillable, ...refusedKeys(policy, registry)];
}

function refusedKeys(policy: Policy, registry: Registry): readonly Mismatch[] {
  return registry.persons.flatMap(({ id, keys }, person) =>
    keys.flatMap((key, index): Mismatch[] => {
      const lacking = unattested(policy, key);
      if (isAllowed(policy, key) && lacking === null) return [];
      if (lacking !== null)
        return [
          {
            code: 'ATTESTATION_REFUSED',
            ...stated`the key "${{ key: key.label }}" of ${{ person: id }} is not attested as policy "${{ policy: policy.name }}" requires: ${{ why: lacking.problem }} (${{ code: lacking.code }})`,
            fix: `drop the key, then enrol the authenticator again: oneroof registry drop ${id} --key ${key.credential.slice(0, 12)}`,
            document: 'registry',
            path: ['persons', person, 'keys', index],
          },
        ];
      const software = policy.production && isSoftware(key);
      const model =
        key.aaguid === unnamedAuthenticator
          ? 'an authenticator without a model'
          : software
            ? 'a virtual authenticator'
            : `an authenticator of the model ${key.aaguid}`;
      return [
        {
          code: 'AUTHENTICATOR_REFUSED',
          ...stated`the key "${{ key: key.label }}" of ${{ person: id }} is on ${{ authenticator: model }}, which policy "${{ policy: policy.name }}" does not allow`,
          fix: software
            ? 'remove the key: software signs without a person'
            : 'remove the key, or add its model to authenticators.aaguids of the policy',
          document: 'registry',
          path: ['persons', person, 'keys', index, 'aaguid'],
        },
      ];
    }),
  );
}
