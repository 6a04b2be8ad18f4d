import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { count } from '../counts.ts';
import { type Digest, type Instant, type Milliseconds } from '../../src/core/index.ts';
import {
  authorsOf,
  decide,
  type Decision,
  type DecisionCode,
  type DropCode,
  type Policy,
  registryDigest,
  seatsFor,
  virtualAuthenticator,
} from '../../src/people/index.ts';
import { type Seal } from '../../src/release/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { descriptor, namedCycle, oneWay, open, proposal, revocation, sealed } from './case.ts';
import { authenticator, digestOf, keys, person, policyOf, policyYaml, registry, signed, time } from './people.ts';

const text = ({ body }: Decision): string => String(body);
const { ana, ben, ben2, cleo, dan, eve, mallory } = keys;

/** The statement of a decision with one place changed, signed anew by the same persons: what is wrong is then wrong under good signatures. */
const named = digestOf('cycle') as unknown as StatementDigest;
const answer = (tier: string): string => `{"cycle":"${named}","tier":"${tier}","what":"tier"}`;

function resigned(from: string, to: string): Decision {
  const decision = open();
  const body = text(decision).replace(from, to);
  if (body === text(decision)) throw new Error(`nothing in the statement matches ${from}`);
  return { ...decision, body, signatures: [signed(body, ben), signed(body, ana)] };
}

const withSignatures = (make: (body: string) => Decision['signatures']): Decision => {
  const decision = open();
  return { ...decision, signatures: make(text(decision)) };
};
const withLive = (live: Partial<Decision['target']['live']>): Decision => {
  const decision = open();
  return { ...decision, target: { ...decision.target, live: { ...decision.target.live, ...live } } };
};
const withEvidence = (change: Partial<Decision['evidence'][number]>): Decision => {
  const decision = open();
  return { ...decision, evidence: decision.evidence.map((entry) => ({ ...entry, ...change })) };
};
const policyWith = (from: string, to: string): Policy => policyOf(policyYaml.replace(from, to));
const other = open({ proposal: { nonce: 'e'.repeat(32) } });
const enrolled = ({ privateKey: _secret, ...key }: typeof ana) => key;
const doubled = {
  ...registry,
  persons: [...registry.persons, { ...person('fay', 4), keys: [{ ...enrolled(ana), credential: mallory.credential }] }],
};
const withVirtual = authenticator('virtual', { aaguid: virtualAuthenticator });

type Attack = readonly [name: string, decision: () => Decision, code: DecisionCode, dropped?: readonly DropCode[]];

/** Every attack on a decision: how it is tried, and the reason that refuses it. */
const attacks: readonly Attack[] = [
  ['nobody signed', () => open({ by: [] }), 'seats', []],
  ['one seat is empty', () => open({ by: [ana] }), 'seats', []],
  ['an agent signs with a key of its own', () => open({ by: [ben, mallory] }), 'seats', ['credential']],
  [
    'an agent signs with its own key under the name of a credential',
    () => open({ by: [ben, { ...mallory, credential: ana.credential }] }),
    'seats',
    ['signature'],
  ],
  [
    'the id of software is handed in as a credential',
    () => open({ by: [ben, { ...mallory, credential: 'agent-1' }] }),
    'seats',
    ['credential'],
  ],
  [
    'a virtual authenticator was enrolled for production',
    () => {
      const persons = [...registry.persons, person('fay', 4, withVirtual)];
      return open({ proposal: { registry: { ...registry, persons } }, by: [ben, withVirtual] });
    },
    'seats',
    ['authenticator'],
  ],
  [
    'a key is of a model that the policy does not list',
    () =>
      open({ proposal: { policy: policyWith('aaguids: null', 'aaguids: [ee882879-721c-4913-9775-3dfcce97072a]') } }),
    'seats',
    ['authenticator', 'authenticator'],
  ],
  [
    'a signature was moved from another statement',
    () => withSignatures((body) => [signed(body, ben), other.signatures[1]!]),
    'seats',
    ['challenge'],
  ],
  [
    'all signatures were moved',
    () => ({ ...open(), signatures: other.signatures }),
    'seats',
    ['challenge', 'challenge'],
  ],
  [
    'one signature is handed in twice',
    () => withSignatures((body) => [signed(body, ana), signed(body, ana)]),
    'seats',
    ['same-key'],
  ],
  ['one person signs with two keys', () => open({ by: [ben, ben2] }), 'seats', ['same-person']],
  [
    'one key belongs to two persons',
    () => {
      const by = [ben, ana, { ...ana, credential: mallory.credential }];
      return open({ proposal: { registry: doubled }, by });
    },
    'seats',
    ['key-twice', 'key-twice'],
  ],
  ['a person of too low a level', () => open({ by: [ben, dan, { ...ben2 }] }), 'seats', ['author', 'same-person']],
  ['the person who instructed the agent signs', () => open({ by: [dan, ana] }), 'seats', ['author']],
  [
    'an author signs',
    () => {
      const authors = [{ name: 'ana', kind: 'person', instructedBy: null }] as const;
      return open({ proposal: { sealed: { ...sealed, release: { ...sealed.release, authors } } } });
    },
    'seats',
    ['author'],
  ],
  [
    'an author is named by the full name, in capitals',
    () => {
      const authors = [{ name: 'ANA EXAMPLE', kind: 'person', instructedBy: null }] as const;
      return open({ proposal: { sealed: { ...sealed, release: { ...sealed.release, authors } } } });
    },
    'seats',
    ['author'],
  ],
  [
    'the statement leaves the author out',
    () => {
      const decision = resigned('"authors":["agent-1","dan"]', '"authors":[]');
      return { ...decision, signatures: [signed(text(decision), dan), signed(text(decision), ana)] };
    },
    'seats',
    ['author'],
  ],
  [
    'a synced key in the seat of a bound one',
    () => {
      const persons = registry.persons.map((one) =>
        one.id === 'ana' ? { ...one, keys: one.keys.map((key) => ({ ...key, device: 'synced' as const })) } : one,
      );
      return open({ proposal: { registry: { ...registry, persons } } });
    },
    'seats',
    [],
  ],
  [
    'a key that was enrolled as bound says that it is backed up',
    () => withSignatures((body) => [signed(body, ben), signed(body, ana, { flags: 0x1d })]),
    'seats',
    ['device'],
  ],
  [
    'no one touched the key',
    () => withSignatures((body) => [signed(body, ben), signed(body, ana, { flags: 0x04 })]),
    'seats',
    ['user-presence'],
  ],
  [
    'the key did not verify the person',
    () => withSignatures((body) => [signed(body, ben), signed(body, ana, { flags: 0x01 })]),
    'seats',
    ['user-verification'],
  ],
  [
    'the passkey was used on another page',
    () => withSignatures((body) => [signed(body, ben), signed(body, ana, { origin: 'https://gate.example.net' })]),
    'seats',
    ['origin'],
  ],
  [
    'the passkey is for another site',
    () => withSignatures((body) => [signed(body, ben), signed(body, ana, { rpId: 'example.org' })]),
    'seats',
    ['rp-id'],
  ],
  ['a one-way tier needs a further seat', () => open({ proposal: { sealed: oneWay } }), 'seats', []],
  // another thing than what was signed
  [
    'the release was edited after it was signed',
    () => ({ ...open(), sealed: { ...sealed, seal: digestOf('edited') as Seal } }),
    'seal',
  ],
  ['the ratification names another release', () => resigned('"name":"test"', '"name":"tent"'), 'seal'],
  ['another target', () => withLive({ uri: 'staging' }), 'target'],
  ['a clone of the database', () => withLive({ incarnation: '11111111-6a5e-4a56-9d2b-6f1c8f3a4b5c' }), 'target'],
  ['another cluster', () => withLive({ systemIdentifier: '7300000000000000002' }), 'target'],
  ['a restore from a backup', () => withLive({ timeline: 2 }), 'target'],
  ['another database of the server', () => withLive({ databaseOid: '16999' }), 'target'],
  ['a database of the same number by another name', () => withLive({ database: 'other' }), 'target'],
  [
    'a descriptor that was not signed, although it matches the database',
    () => {
      const decision = withLive({ timeline: 2 });
      return { ...decision, target: { ...decision.target, descriptor: { ...descriptor, timeline: 2 } } };
    },
    'target',
  ],
  ['another policy is in force', () => ({ ...open(), policy: policyWith('level: 2', 'level: 1') }), 'policy'],
  [
    'a person was removed from the registry since',
    () => {
      const persons = registry.persons.filter(({ id }) => id !== 'ana');
      return { ...open(), registry: { ...registry, version: 2, previous: registryDigest(registry), persons } };
    },
    'registry',
  ],
  [
    'a key was removed from the registry since, and the statement names the new one',
    () => {
      const persons = registry.persons.map((one) => (one.id === 'ana' ? { ...one, keys: [] } : one));
      return open({ proposal: { registry: { ...registry, persons } } });
    },
    'seats',
    ['credential'],
  ],
  ['the version is not the one of the digest', () => resigned('"version":1', '"version":2'), 'registry'],
  [
    'the hold point is none of the policy',
    () => ({ ...resigned('{"what":"rollout"}', answer('2-owners')), cycle: namedCycle(named, open().sealed.seal) }),
    'hold-point',
  ],
  [
    'its cycle is not known',
    () => ({ ...resigned('{"what":"rollout"}', answer('3-ownership')), cycle: null }),
    'cycle',
  ],
  [
    'its cycle is of another release',
    () => ({ ...resigned('{"what":"rollout"}', answer('3-ownership')), cycle: namedCycle(named, digestOf('other')) }),
    'cycle',
  ],
  [
    'it carries on a rollback of what is not in place',
    () => ({
      ...resigned('{"what":"rollout"}', `{"cycle":"${named}","what":"rollback"}`),
      direction: 'down',
      cycle: { ...namedCycle(named, open().sealed.seal), isInPlace: false },
    }),
    'cycle',
  ],
  [
    'it is for a rollback, and the rollout is asked for',
    () => ({
      ...resigned('{"what":"rollout"}', `{"cycle":"${named}","what":"rollback"}`),
      cycle: namedCycle(named, open().sealed.seal),
    }),
    'purpose',
  ],
  [
    'it is for a hold point, and the rollback is asked for',
    () => ({
      ...resigned('{"what":"rollout"}', answer('3-ownership')),
      direction: 'down',
      cycle: namedCycle(named, open().sealed.seal),
    }),
    'purpose',
  ],
  // bytes
  ['another spelling of the same statement', () => ({ ...open(), body: ` ${text(open())}` }), 'statement'],
  ['a statement that was cut off', () => ({ ...open(), body: text(open()).slice(0, -1) }), 'statement'],
  ['a statement of another decision', () => resigned('"ratify"', '"approve"'), 'statement'],
  ['a statement of another kind', () => resigned('urn:oneroof:ratification', 'urn:oneroof:release'), 'statement'],
  ['a statement of another version', () => resigned('ratification:v1', 'ratification:v2'), 'statement'],
  [
    'a revocation in the place of a ratification',
    () => ({ ...open(), body: revocation(text(open()), ana).body }),
    'statement',
  ],
  ['a member that nobody knows', () => resigned('"decision"', '"a":1,"decision"'), 'statement'],
  ['times in the wrong order', () => resigned('"expires":"2026-06-04', '"expires":"2026-06-02'), 'statement'],
  // closed again
  [
    'anybody enrolled revoked it, even its author',
    () => ({ ...open(), revocations: [revocation(text(open()), dan)] }),
    'revoked',
  ],
  [
    'a revocation was damaged so that it seems to speak of something else',
    () => {
      const { body, signatures } = revocation(text(open()), dan);
      return { ...open(), revocations: [{ body: String(body).replace(/"sha256":"../, '"sha256":"00'), signatures }] };
    },
    'revoked',
  ],
  ['a revocation that cannot be read', () => ({ ...open(), revocations: [{ body: '{', signatures: [] }] }), 'revoked'],
  // time
  ['a minute too early', () => ({ ...open(), now: time('3T07:59') }), 'not-yet-valid'],
  ['a minute too late', () => ({ ...open(), now: time('4T08:01') }), 'expired'],
  ['a clock that says nothing', () => ({ ...open(), now: '' as Instant }), 'not-yet-valid'],
  [
    'valid for longer than the policy allows',
    () => resigned('"expires":"2026-06-04T08:00', '"expires":"2026-06-04T08:01'),
    'too-long',
  ],
  ['signed a minute before the review was over', () => open({ receivedAt: time('2T08:29') }), 'review'],
  [
    'one of two signed too early',
    () => withSignatures((body) => [signed(body, ben, { receivedAt: time('2T08:01') }), signed(body, ana)]),
    'review',
  ],
  [
    'received a minute later than it was sealed',
    () => ({ ...open({ receivedAt: time('2T08:30') }), firstSeen: time('2T08:01') }),
    'review',
  ],
  ['received by this database at no known time', () => ({ ...open(), firstSeen: null }), 'review'],
  ['signed before it was sealed', () => resigned('"sealedAt":"2026-06-02', '"sealedAt":"2026-06-05'), 'review'],
  [
    'a rehearsal that is too old',
    () => resigned('"rehearsedAt":"2026-06-02', '"rehearsedAt":"2026-05-31'),
    'rehearsal-age',
  ],
  [
    'a rehearsal of tomorrow',
    () => resigned('"rehearsedAt":"2026-06-02', '"rehearsedAt":"2026-06-04'),
    'rehearsal-age',
  ],
  // evidence and schema
  ['no rehearsal was signed', () => resigned('"kind":"rehearsal"', '"kind":"reheated"'), 'evidence'],
  ['the evidence cannot be found', () => ({ ...open(), evidence: [] }), 'evidence'],
  ['the rehearsal failed', () => withEvidence({ outcome: 'failed' }), 'evidence'],
  ['the rehearsal was of another release', () => withEvidence({ seal: digestOf('other') }), 'evidence'],
  [
    'the rehearsal is older than was signed',
    () => withEvidence({ rehearsal: { at: time('1T09:00'), schema: descriptor.schema } }),
    'evidence',
  ],
  [
    'the rehearsal started from another schema',
    () => withEvidence({ rehearsal: { at: proposal.rehearsedAt, schema: digestOf('x') } }),
    'evidence',
  ],
  [
    'the rehearsal ran on a sample, and the policy does not allow that',
    () =>
      withEvidence({
        rehearsal: { at: proposal.rehearsedAt, schema: descriptor.schema, golden: { proofLevel: 'sampled' } },
      }),
    'evidence',
  ],
  [
    'another role changed the schema since',
    () => {
      const decision = open();
      const drift = [{ object: 'table: app.t', property: 'owner', expected: 'ana', found: 'ben' }];
      return { ...decision, target: { ...decision.target, drift } };
    },
    'schema',
  ],
];

describe('a ratification', () => {
  it('opens the gate where different persons fill every seat, inside its window', () => {
    expect(decide(open())).toMatchObject({
      decision: 'OPEN',
      until: time('4T08:00'),
      holdPoints: ['3-ownership'],
      seats: { shortage: null, dropped: [], counted: [{ person: 'ben' }, { person: 'ana', bound: true }] },
    });
    for (const now of [time('3T08:00'), time('4T08:00')]) expect(decide({ ...open(), now }).decision).toBe('OPEN');
    expect(decide(open({ by: [cleo, ana] })).decision).toBe('OPEN');
    expect(decide(open({ proposal: { sealed: oneWay }, by: [ben, ana, eve] })).decision).toBe('OPEN');
    expect(decide(open({ receivedAt: time('2T08:30') })).decision).toBe('OPEN');
  });

  it.each(attacks.map(([name, make, code, dropped]) => ({ name, make, code, dropped })))(
    'stays closed: $name',
    ({ make, code, dropped }) => {
      const verdict = decide(make());
      expect(verdict.decision).toBe('BLOCKED');
      if (verdict.decision !== 'BLOCKED') return;
      expect(verdict.reason.code).toBe(code);
      expect(verdict.reason.problem).not.toBe('');
      if (dropped !== undefined)
        expect(verdict.reason.seats?.dropped.map((one) => one.code).toSorted()).toEqual(dropped.toSorted());
    },
  );

  it('is not closed by noise: signatures that do not count take nothing away', () => {
    const decision = open();
    const noise = [signed(text(decision), mallory), ...other.signatures, signed(text(decision), ben2)];
    expect(decide({ ...decision, signatures: [...noise, ...decision.signatures] }).decision).toBe('OPEN');
  });

  it('is not closed by a revocation of another statement', () => {
    expect(decide({ ...open(), revocations: [revocation(text(other), ana)] }).decision).toBe('OPEN');
  });

  it('for a hold point fills the seats of the hold point alone', () => {
    const at = { proposal: { opens: { what: 'tier', tier: '3-ownership', cycle: named } } } as const;
    expect(decide(open({ ...at, by: [ana] }))).toMatchObject({ decision: 'OPEN', holdPoints: [] });
    expect(decide(open({ ...at, by: [ben] }))).toMatchObject({ reason: { code: 'seats' } });
  });

  it('counts a tier that is barred as no one-way tier', () => {
    const barred = oneWay.release.tiers.map((tier) => ({ ...tier, barred: 'not now' }));
    expect(seatsFor(policyOf(), { tiers: barred }, { what: 'rollout' })).toHaveLength(2);
    expect(seatsFor(policyOf(), oneWay.release, { what: 'rollout' })).toHaveLength(3);
  });

  it('names each author and instructor once, sorted', () => {
    expect(authorsOf(sealed.release)).toEqual(['agent-1', 'dan']);
    const twice = [...sealed.release.authors, { name: 'dan', kind: 'person', instructedBy: 'ana' } as const];
    expect(authorsOf({ authors: twice })).toEqual(['agent-1', 'ana', 'dan']);
  });
});

describe('the rollback', () => {
  const back = (change: Partial<Decision> = {}): Decision => ({ ...open(), direction: 'down', ...change });
  const code = (decision: Decision) => {
    const verdict = decide(decision);
    return verdict.decision === 'OPEN' ? 'OPEN' : verdict.reason.code;
  };

  it('stays open after the ratification expired, for as long as the policy says', () => {
    expect(code(back({ now: '2026-06-11T08:00:00.000Z' as Instant }))).toBe('OPEN');
    expect(code(back({ now: '2026-06-11T08:00:00.001Z' as Instant }))).toBe('expired');
  });

  it('stays open after a revocation, with an old rehearsal and without evidence', () => {
    expect(code(back({ revocations: [revocation(text(open()), dan)] }))).toBe('OPEN');
    expect(code(back({ evidence: [], now: '2026-06-10T08:00:00.000Z' as Instant }))).toBe('OPEN');
  });

  it('still needs every seat, this database and the schema that the last tier left', () => {
    expect(code(back({ signatures: [] }))).toBe('seats');
    expect(code({ ...withLive({ timeline: 2 }), direction: 'down' })).toBe('target');
    expect(code(back({}))).toBe('OPEN');
    const drift = [{ object: 'index: app.i', property: null, expected: null, found: {} }];
    expect(code(back({ target: { ...open().target, drift } }))).toBe('schema');
  });
});

/** Every leaf of what a decision is taken over, changed into something near it. */
function damage(value: unknown, seed: number): unknown {
  if (value instanceof Uint8Array) {
    if (value.length === 0) return Uint8Array.of(1);
    const copy = Uint8Array.from(value);
    const at = seed % copy.length;
    copy[at] = (copy[at] ?? 0) ^ (1 << (seed % 8));
    return copy;
  }
  if (typeof value === 'string') {
    const at = value.length === 0 ? 0 : seed % value.length;
    const old = value.charCodeAt(at);
    return value.slice(0, at) + String.fromCharCode(old === 0x61 ? 0x62 : 0x61) + value.slice(at + 1);
  }
  if (typeof value === 'number') return value + (seed % 2 === 0 ? 1 : -1);
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) {
    if (value.length === 0) return value;
    const at = seed % value.length;
    if (seed % 5 === 0) return value.filter((_, index) => index !== at);
    return value.map((part: unknown, index) => (index === at ? damage(part, seed >> 2) : part));
  }
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value);
    const name = names[seed % names.length] ?? '';
    return { ...value, [name]: damage(Reflect.get(value, name), seed >> 2) };
  }
  return value;
}

const untouched = ['now', 'direction', 'revocations'] as const;

test('no signature that is taken away and no damage to what was read opens a gate that was closed', () => {
  const closed = attacks.map(([name, make]) => [name, make()] as const);
  const good = open();
  const reached = new Set<string>();
  fc.assert(
    fc.property(fc.nat(closed.length - 1), fc.nat(), (which, seed) => {
      const [name, decision] = closed[which]!;
      const parts = Object.keys(decision).filter((part) => !untouched.some((one) => one === part));
      const part = parts[seed % parts.length] ?? '';
      const damaged = { ...decision, [part]: damage(Reflect.get(decision, part), seed >> 3) };
      reached.add(part);
      // a part that was wrong in one step only may be mended by one: then it is the one that opens the gate
      if (JSON.stringify(Reflect.get(damaged, part)) === JSON.stringify(Reflect.get(good, part))) return;
      // a cycle that was wrong in nothing but whether it is in place is mended by that
      if (part === 'cycle' && JSON.stringify(damaged.cycle) === JSON.stringify({ ...decision.cycle, isInPlace: true }))
        return;
      expect([name, part, decide(damaged).decision]).toEqual([name, part, 'BLOCKED']);
    }),
    { numRuns: count('worlds') },
  );
  expect(reached.size).toBeGreaterThan(5);
});

test('without any one of its two signatures an open gate is closed, and with damage to either', () => {
  const decision = open();
  for (const at of [0, 1]) {
    const rest = decision.signatures.filter((_, index) => index !== at);
    expect(decide({ ...decision, signatures: rest }).decision).toBe('BLOCKED');
    for (const part of ['authenticatorData', 'clientDataJSON', 'signature', 'credential'] as const)
      for (const seed of [0, 9, 33, 70, 131]) {
        const signatures = decision.signatures.map((one, index) =>
          index === at ? { ...one, [part]: damage(one[part], seed) } : one,
        );
        expect(decide({ ...decision, signatures }).decision).toBe('BLOCKED');
      }
  }
});

test('no damage to a revocation opens the gate that it closed', () => {
  const decision = open();
  const kept = revocation(text(decision), dan);
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const body = seed % 2 === 0 ? String(damage(kept.body, seed >> 1)) : kept.body;
      const signatures = seed % 2 === 0 ? kept.signatures : [damage(kept.signatures[0], seed >> 1)];
      const revocations = [{ body, signatures: signatures as typeof kept.signatures }];
      expect(decide({ ...decision, revocations })).toMatchObject({ reason: { code: 'revoked' } });
    }),
    { numRuns: count('worlds') / 2 },
  );
});

test('a verdict depends on every fact that it is taken over', () => {
  const decision = open();
  const weaker: readonly Partial<Decision>[] = [
    { policy: { ...decision.policy, window: { ...decision.policy.window, longest: 1 as Milliseconds } } },
    { registry: { ...decision.registry, software: [] } },
    { sealed: { ...sealed, seal: digestOf('x') as Digest as Seal } },
  ];
  for (const change of weaker) expect(decide({ ...decision, ...change }).decision).toBe('BLOCKED');
});
