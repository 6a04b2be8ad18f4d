import { createHash, type KeyObject } from 'node:crypto';
import { type Digest, type Instant } from '../../src/core/index.ts';
import { statementHash } from '../../src/evidence/index.ts';
import {
  type Passkey,
  parsePolicy,
  type Person,
  type Policy,
  type ReceivedSignature,
  type Registry,
} from '../../src/people/index.ts';
import { answer, keyPair } from './assertion.io.ts';

/** A policy in production: two seats, one of them for a bound key. */
export const policyYaml = `format: 1
name: production
production: true
origin: https://gate.example.org
rpId: gate.example.org
seats:
  - level: 2
  - { level: 4, device: bound }
oneWaySeats:
  - level: 5
window: { longest: 24h, review: 30min, rollback: 7d }
rehearsal: { maxAge: 3d }
holdPoints:
  - before: 3-ownership
    seats: [{ level: 4 }]
quorum: [{ level: 3 }, { level: 4, device: bound }]
authenticators: { aaguids: null, attestation: required }
`;

export function policyOf(text = policyYaml): Policy {
  const parsed = parsePolicy({ file: 'policy.yaml', text });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

/** An authenticator: its public part, and what it signs with. */
export interface Authenticator extends Passkey {
  readonly privateKey: KeyObject;
}

export function authenticator(label: string, of: Partial<Passkey> = {}): Authenticator {
  const credential = createHash('sha256').update(label).digest('base64url');
  const aaguid = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
  return { credential, aaguid, device: 'bound', label, ...keyPair(), ...of };
}

export const keys = {
  ana: authenticator('ana'),
  ben: authenticator('ben', { device: 'synced' }),
  ben2: authenticator('ben-2', { device: 'synced' }),
  cleo: authenticator('cleo'),
  dan: authenticator('dan'),
  eve: authenticator('eve'),
  mallory: authenticator('mallory'),
} as const;

function enrolled({ privateKey: _secret, ...passkey }: Authenticator): Passkey {
  return passkey;
}

export function person(id: string, level: number, ...of: readonly Authenticator[]): Person {
  return { id, name: `${id[0]?.toUpperCase()}${id.slice(1)} Example`, level, keys: of.map(enrolled) };
}

export const registry: Registry = {
  format: 1,
  version: 1,
  previous: null,
  persons: [
    person('ana', 4, keys.ana),
    person('ben', 2, keys.ben, keys.ben2),
    person('cleo', 4, keys.cleo),
    person('dan', 3, keys.dan),
    person('eve', 5, keys.eve),
  ],
  software: [
    { id: 'agent-1', key: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}`, may: ['rehearse', 'seal'] },
  ],
};

export const time = (text: string): Instant => `2026-06-0${text}:00.000Z` as Instant;
export const digestOf = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;

/** What a person and their authenticator make of a statement: a signature over these bytes, on the page of this origin. */
export function signed(
  body: string,
  by: Authenticator,
  at: { receivedAt?: Instant; origin?: string; rpId?: string; flags?: number } = {},
): ReceivedSignature {
  const { receivedAt = time('3T09:00'), ...seen } = at;
  const flags = by.device === 'bound' ? 0x05 : 0x1d;
  return { ...answer(by, { challenge: statementHash(body), flags, ...seen }), receivedAt };
}
