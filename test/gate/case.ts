import { type Digest, type Instant } from '../../src/core/index.ts';
import { writeStatement, type StatementDigest, statementDigest } from '../../src/evidence/index.ts';
import {
  buildRatification,
  type Decision,
  type NamedCycle,
  type RatificationRequest,
  type SignedStatement,
  type TargetDescriptor,
} from '../../src/people/index.ts';
import { footprintDigest } from '../../src/fingerprint/index.ts';
import { footprintBody } from '../evidence-kinds/bodies.ts';
import { type Tier, type TierId } from '../../src/release/index.ts';
import { sealed as release } from '../rehearsal/made.ts';
import { type Authenticator, digestOf, keys, policyOf, registry, signed, time } from './people.ts';

function tier(id: string, more: Partial<Tier> = {}): Tier {
  const order = Number(id[0]);
  const parts = { title: id, transaction: 'single', up: [], down: [], oneWay: null, check: [], barred: null } as const;
  return { id: id as TierId, order, ...parts, ...more };
}

export const tiers = [tier('1-structure'), tier('2-owners'), tier('3-ownership')];

/** A release that an agent made and dan asked for. */
export const sealed = release(tiers, {
  authors: [{ name: 'agent-1', kind: 'agent', instructedBy: 'dan' }],
});

/** The same release, with a tier that has no rollback. */
export const oneWay = release([...tiers, tier('4-drop', { oneWay: 'the column is gone' })], {
  authors: sealed.release.authors,
});

export const descriptor: TargetDescriptor = {
  format: 1,
  uri: 'production',
  incarnation: '0b9c1f6e-6a5e-4a56-9d2b-6f1c8f3a4b5c',
  systemIdentifier: '7300000000000000001',
  timeline: 1,
  databaseOid: '16384',
  database: 'directus',
  schema: footprintDigest(footprintBody),
};

export const proposal: RatificationRequest = {
  sealed,
  sealedAt: time('2T08:00'),
  policy: policyOf(),
  registry,
  targets: [descriptor],
  evidence: [
    { kind: 'rehearsal', digest: digestOf('rehearsal') },
    { kind: 'gate', digest: digestOf('gate') },
  ],
  rehearsedAt: time('2T09:00'),
  window: { notBefore: time('3T08:00'), expires: time('4T08:00') },
  log: { size: 3, root: digestOf('log').slice(7) },
  dossier: digestOf('dossier'),
  opens: { what: 'rollout' },
  now: time('3T07:00'),
  nonce: '00112233445566778899aabbccddeeff',
};

/** A ratification that opens the gate: ben and ana signed it, at nine, and it is ten. */
export function open(
  of: { proposal?: Partial<RatificationRequest>; by?: readonly Authenticator[]; receivedAt?: Instant } = {},
): Decision {
  const asked = { ...proposal, ...of.proposal };
  const body = buildRatification(asked);
  const at = of.receivedAt === undefined ? {} : { receivedAt: of.receivedAt };
  const { format: _format, schema, ...live } = descriptor;
  return {
    now: time('3T10:00'),
    body,
    signatures: (of.by ?? [keys.ben, keys.ana]).map((key) => signed(body, key, at)),
    sealed: asked.sealed,
    policy: asked.policy,
    registry: asked.registry,
    target: { descriptor, inclusion: { index: 0, proof: [] }, live, drift: [] },
    revocations: [],
    abandoned: null,
    firstSeen: asked.sealedAt,
    evidence: asked.evidence.map(({ kind, digest }) => ({
      kind,
      digest,
      seal: asked.sealed.seal,
      outcome: 'passed',
      rehearsal: kind === 'rehearsal' ? { at: asked.rehearsedAt, schema } : null,
    })),
    direction: 'up',
    begun: null,
    cycle: asked.opens.what === 'rollout' ? null : namedCycle(asked.opens.cycle, asked.sealed.seal),
  };
}

/** A cycle of this release that is in place. */
export function namedCycle(statement: StatementDigest, seal: Digest): NamedCycle {
  return { statement, seal, isInPlace: true };
}

/** A revocation of a statement, signed by somebody. */
export function revocation(body: string, by: Authenticator): SignedStatement {
  const statement = writeStatement({
    kind: 'revocation',
    subject: { name: 'test', digest: statementDigest(body) },
    predicate: { reason: 'the numbers are of yesterday', nonce: 'f'.repeat(32) },
  });
  return { body: statement, signatures: [signed(statement, by)] };
}
