import { createHash } from 'node:crypto';
import { canonicalJson, formatDuration, isNonEmpty, OneRoofError, type Problem, stated } from '../core/index.ts';
import {
  checkAgainst,
  explainSeat,
  follows,
  type Passkey,
  type Person,
  type Policy,
  policyDigest,
  policyDocument,
  type Registry,
  isSoftware,
  registryDigest,
  registryDocument,
  type Seat,
} from '../people/index.ts';

/** A policy and a registry that are, or would be, in force together. */
export interface PolicyAndRegistry {
  readonly policy: Policy;
  readonly registry: Registry;
}

/** The next registry, or the next policy. */
export type Next =
  | { readonly kind: 'registry'; readonly registry: Registry }
  | { readonly kind: 'policy'; readonly policy: Policy };

/** The canonical bytes that come into force, and their digest. */
export function documentOf(next: Next): { readonly document: string; readonly digest: string } {
  return next.kind === 'registry'
    ? { document: registryDocument(next.registry), digest: registryDigest(next.registry) }
    : { document: policyDocument(next.policy), digest: policyDigest(next.policy) };
}

/**
 * Refuses a change before anyone is asked to sign it: one that the database would not accept, and one that would lock everyone out.
 *
 * Errors  CHANGE_NOT_NEXT; CHANGE_LOCKS_OUT, SEATS_UNFILLABLE, AUTHENTICATOR_REFUSED, ATTESTATION_REFUSED: all at once; ATTESTATION_UNVERIFIED.
 */
export function requireNext(present: PolicyAndRegistry, next: Next): void {
  const before = next.kind === 'registry' ? registryDigest(present.registry) : policyDigest(present.policy);
  if (documentOf(next).digest === before)
    throw new OneRoofError('CHANGE_NOT_NEXT', {
      ...stated`this ${{ kind: next.kind }} is already in force: ${{ digest: before }}`,
      fix: 'there is nothing to sign',
    });
  if (next.kind === 'registry' && !follows(next.registry, present.registry))
    throw new OneRoofError('CHANGE_NOT_NEXT', {
      ...stated`version ${{ version: next.registry.version }} does not follow version ${{ versionInForce: present.registry.version }}, which is in force: ${{ digest: before }}`,
      fix: 'make it from the registry in force: oneroof enrol, or oneroof registry drop, with --out registry.next.json',
    });
  const problems = lockOuts(present, next);
  if (isNonEmpty(problems)) throw OneRoofError.of(problems);
}

function lockOuts(present: PolicyAndRegistry, next: Next): readonly Problem[] {
  const { policy, registry } = { ...present, ...next };
  const problems: Problem[] = [];
  // a passkey answers one site alone: with another one, no one could ever sign anything again
  if (policy.rpId !== present.policy.rpId)
    problems.push({
      code: 'CHANGE_LOCKS_OUT',
      ...stated`the passkeys of the registry are for ${{ rpIdInForce: present.policy.rpId }}; under ${{ rpId: policy.rpId }} none of them could sign`,
      fix: `keep rpId: ${present.policy.rpId}`,
    });
  const { attestation, roots } = policy.authenticators;
  if (next.kind === 'policy' && attestation === 'required' && roots === undefined)
    problems.push({
      code: 'ATTESTATION_UNVERIFIED',
      ...stated`policy "${{ policy: policy.name }}" requires attestation, but names no roots: no one could be enrolled`,
      fix: 'name them (`authenticators.roots: [vendor.pem]`), or set `attestation: none`',
    });
  return [...problems, ...checkAgainst(policy, counting({ policy, registry })).map(asProblem)];
}

const asProblem = ({ code, problem, facts, fix }: Problem): Problem => ({ code, problem, facts, fix });

/** Without the keys that no page would let sign. */
function counting({ policy, registry }: PolicyAndRegistry): Registry {
  if (!policy.production) return registry;
  const persons = registry.persons.map((one) => ({ ...one, keys: one.keys.filter((key) => !isSoftware(key)) }));
  return { ...registry, persons };
}

/** One effect of a change: a word, and its subject. */
export interface RuleDifference {
  readonly word:
    | 'comes'
    | 'goes'
    | 'key'
    | 'key new'
    | 'key gone'
    | 'level'
    | 'name'
    | 'changes'
    | 'seats'
    | 'spare'
    | 'closes'
    | 'nothing';
  readonly text: string;
}

/** A difference as a line of text: `key new  ana: …`. */
export function differenceText({ word, text }: RuleDifference): string {
  return word === 'nothing' ? text : `${word.padEnd(8)} ${text}`;
}

/** The effects of a change, from comparing the document in force with the next one: no difference is left out. */
export function describeChange(present: PolicyAndRegistry, next: Next): readonly RuleDifference[] {
  const after = { ...present, ...next };
  const differences =
    next.kind === 'registry'
      ? registryLines(present.registry, next.registry)
      : policyLines(present.policy, next.policy);
  const without = cannotBeSpared(after);
  return [
    ...(differences.length === 0 ? [said('nothing', 'only the version changes')] : differences),
    said('seats', 'every seat and the quorum can be filled'),
    said(
      'spare',
      without.length === 0
        ? 'even without any one of the persons'
        : `none for ${without.join(', ')}: not without that person`,
    ),
  ];
}

const said = (word: RuleDifference['word'], text: string): RuleDifference => ({ word, text });

/** The persons who are indispensable: without this one person some seat, or the quorum, could not be filled. */
export function cannotBeSpared({ policy, registry }: PolicyAndRegistry): readonly string[] {
  return registry.persons
    .filter(({ id }) => {
      const persons = registry.persons.filter((one) => one.id !== id);
      const left = counting({ policy, registry: { ...registry, persons } });
      return checkAgainst(policy, left).some(({ code }) => code === 'SEATS_UNFILLABLE');
    })
    .map(({ id }) => id);
}

/** The persons who could fill a seat, with a key that counts. */
export function couldFill({ policy, registry }: PolicyAndRegistry, seat: Seat): readonly Person[] {
  const asked = { ...policy, seats: [seat], oneWaySeats: [], holdPoints: [], quorum: [] };
  return counting({ policy, registry }).persons.filter(
    (one) => !checkAgainst(asked, { ...registry, persons: [one] }).some(({ code }) => code === 'SEATS_UNFILLABLE'),
  );
}

function registryLines(before: Registry, after: Registry): readonly RuleDifference[] {
  const people = [...new Set([...before.persons, ...after.persons].map(({ id }) => id))].toSorted();
  const of = (registry: Registry, id: string): Person | undefined => registry.persons.find((one) => one.id === id);
  const agents = [...new Set([...before.software, ...after.software].map(({ id }) => id))].toSorted();
  return [
    ...people.flatMap((id) => personLines(of(before, id), of(after, id))),
    ...agents.flatMap((id) => {
      const [was, is] = [before, after].map(({ software }) => {
        const found = software.find((one) => one.id === id);
        return found === undefined ? undefined : `${found.key}, may ${found.may.join(', ')}`;
      });
      if (was === is) return [];
      return [
        is === undefined
          ? said('goes', `software ${id}`)
          : said(was === undefined ? 'comes' : 'key', `software ${id}: ${is}`),
      ];
    }),
  ];
}

function personLines(before: Person | undefined, after: Person | undefined): readonly RuleDifference[] {
  if (after === undefined)
    return before === undefined ? [] : [said('goes', `${before.id}, ${before.name}, level ${before.level}`)];
  const { id, name, level } = after;
  if (before === undefined)
    return [
      said('comes', `${id}, ${name}, level ${level}`),
      ...after.keys.map((key) => said('key new', `${id}: ${describeKey(key)}`)),
    ];
  const has = (keys: readonly Passkey[], key: Passkey): boolean =>
    keys.some((one) => canonicalJson(one) === canonicalJson(key));
  return [
    ...(before.level === level ? [] : [said('level', `${id}: ${before.level} → ${level}`)]),
    ...(before.name === name ? [] : [said('name', `${id}: ${before.name} → ${name}`)]),
    ...before.keys.filter((key) => !has(after.keys, key)).map((key) => said('key gone', `${id}: ${describeKey(key)}`)),
    ...after.keys.filter((key) => !has(before.keys, key)).map((key) => said('key new', `${id}: ${describeKey(key)}`)),
  ];
}

function describeKey({ label, device, aaguid, x, attestation }: Passkey): string {
  const vouched = attestation === undefined ? 'not attested' : 'attested';
  return `${label}, ${device}, model ${aaguid}, ${vouched}, key ${x.slice(0, 12)}`;
}

function policyLines(before: Policy, after: Policy): readonly RuleDifference[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Policy)[];
  return fields.flatMap((field) => {
    const [was, is] = [before, after].map((one) => explainField(one, field));
    return was === is ? [] : [said('changes', `${field}: ${was} → ${is}`)];
  });
}

/** For people, and so that two values that differ never read alike. */
function explainField(policy: Policy, field: keyof Policy): string {
  const seats = (list: readonly Seat[]): string => (list.length === 0 ? 'none' : list.map(explainSeat).join('; '));
  const { window, authenticators } = policy;
  switch (field) {
    case 'seats':
    case 'oneWaySeats':
    case 'quorum':
      return seats(policy[field]);
    case 'holdPoints':
      return policy.holdPoints.map((point) => `before ${point.before}: ${seats(point.seats)}`).join(', ') || 'none';
    case 'window':
      return `valid ${span(window.longest)}, review ${span(window.review)}, rollback ${span(window.rollback)}`;
    case 'rehearsal':
      return `at most ${span(policy.rehearsal.maxAge)} old, by ${policy.rehearsal.by?.join(', ') ?? 'every key that may rehearse'}, on a sample: ${policy.rehearsal.sampled ?? 'not allowed'}`;
    case 'authenticators': {
      const roots = (authenticators.roots ?? []).map((root) =>
        createHash('sha256').update(Buffer.from(root, 'base64')).digest('hex'),
      );
      const models = authenticators.aaguids === null ? 'every model' : `models ${authenticators.aaguids.join(', ')}`;
      return `${models}, attestation ${authenticators.attestation}, roots ${roots.join(', ') || 'none'}`;
    }
    default:
      return String(policy[field]);
  }
}

/** Formatted lengths of time may be rounded, so the milliseconds stand beside them. */
const span = (ms: Policy['window']['longest']): string => `${formatDuration(ms)} (${ms} ms)`;
