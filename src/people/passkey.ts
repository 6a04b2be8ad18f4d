import { createHash, createPublicKey, verify } from 'node:crypto';
import { type DeviceClass, type Passkey, type Policy, type Signature } from './documents.ts';

/** Why an assertion does not count; the database answers with the same words. */
export type AssertionCode =
  | 'client-data'
  | 'challenge'
  | 'origin'
  | 'cross-origin'
  | 'rp-id'
  | 'user-presence'
  | 'user-verification'
  | 'backup-state'
  | 'extensions'
  | 'device'
  | 'key'
  | 'signature';

/** What one assertion is checked against. */
export interface AssertionCheck {
  /** The statement's hash. */
  readonly challenge: Uint8Array;
  readonly policy: Pick<Policy, 'origin' | 'rpId'>;
  readonly key: Pick<Passkey, 'x' | 'y'>;
  /** What the seat requires of the key. */
  readonly device: DeviceClass;
  readonly signature: Signature;
}

const problems: Readonly<Record<AssertionCode, string>> = {
  'client-data': 'the client data is not a valid WebAuthn assertion',
  challenge: 'the signature is for another statement',
  origin: "the passkey was used on another page than the policy's origin",
  'cross-origin': 'the passkey was used in a page inside another page',
  'rp-id': 'the passkey signed for another site',
  'user-presence': 'no one touched the authenticator',
  'user-verification': 'the authenticator did not verify the person',
  'backup-state': 'the authenticator says that a key was backed up that cannot be backed up',
  extensions: 'the authenticator data has bytes that its flags do not explain',
  device: 'the seat needs a key that is bound to one device',
  key: 'the public key is not a point of P-256',
  signature: 'the signature does not match the key and the bytes',
};

/** null: the assertion is good. Otherwise the first thing that is wrong with it. */
export function checkAssertion(check: AssertionCheck): { code: AssertionCode; problem: string } | null {
  const code = clientDataCode(check) ?? authenticatorCode(check) ?? signatureCode(check);
  return code === null ? null : { code, problem: problems[code] };
}

/** Source: WebAuthn level 3 section 5.8.1.2. A fixed prefix instead of a parser: a duplicate member cannot matter. */
function clientDataCode({ challenge, policy, signature }: AssertionCheck): AssertionCode | null {
  const data = Buffer.from(signature.clientDataJSON);
  let expected = '{"type":"webauthn.get","challenge":"';
  const begins = (): boolean => data.subarray(0, Buffer.byteLength(expected)).equals(Buffer.from(expected));
  if (!begins()) return 'client-data';
  expected += `${Buffer.from(challenge).toString('base64url')}"`;
  if (challenge.length !== 32 || !begins()) return 'challenge';
  expected += `,"origin":"${policy.origin}"`;
  if (!/^[!#-[\]-~]+$/.test(policy.origin) || !begins()) return 'origin';
  expected += ',"crossOrigin":false';
  if (!begins()) return 'cross-origin';
  const rest = data.subarray(Buffer.byteLength(expected)).toString('latin1');
  return rest === '}' || (rest.startsWith(',') && rest.endsWith('}')) ? null : 'client-data';
}

/** Source: WebAuthn level 3 section 6.1. */
function authenticatorCode({ policy, device, signature }: AssertionCheck): AssertionCode | null {
  const data = Buffer.from(signature.authenticatorData);
  const site = createHash('sha256').update(policy.rpId).digest();
  if (data.length < 37 || !data.subarray(0, 32).equals(site)) return 'rp-id';
  const flags = data.readUInt8(32);
  const has = (bit: number): boolean => (flags & bit) !== 0;
  if (!has(0x01)) return 'user-presence';
  if (!has(0x04)) return 'user-verification';
  if (has(0x10) && !has(0x08)) return 'backup-state';
  if (has(0x40) || has(0x80) !== data.length > 37) return 'extensions';
  if ((device !== 'any' && device !== 'bound') || (device === 'bound' && has(0x08))) return 'device';
  return null;
}

const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Says whether a public key is a point of P-256, written as 64 lower-case hexadecimal digits each. Source: SEC 1 section 3.2.2.1. */
export function isPoint(key: Pick<Passkey, 'x' | 'y'>): boolean {
  if (!/^[0-9a-f]{64}$/.test(key.x) || !/^[0-9a-f]{64}$/.test(key.y)) return false;
  const [x, y] = [BigInt(`0x${key.x}`), BigInt(`0x${key.y}`)];
  return x < p && y < p && (y * y - x * x * x + 3n * x - b) % p === 0n;
}

function signatureCode({ key, signature }: AssertionCheck): AssertionCode | null {
  if (!isPoint(key)) return 'key';
  const raw = readDer(Buffer.from(signature.signature));
  if (raw === null) return 'signature';
  const [jwkX, jwkY] = [key.x, key.y].map((hex) => Buffer.from(hex, 'hex').toString('base64url'));
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: jwkX ?? '', y: jwkY ?? '' }, format: 'jwk' });
  const clientHash = createHash('sha256').update(signature.clientDataJSON).digest();
  const signed = Buffer.concat([signature.authenticatorData, clientHash]);
  return verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw) ? null : 'signature';
}

/** r and s, 32 bytes each, of the one DER spelling; null for any other, and for a number outside 1 to n - 1. */
function readDer(der: Buffer): Buffer | null {
  if (der.length < 8 || der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const numbers: Buffer[] = [];
  let place = 2;
  for (let part = 0; part < 2; part += 1) {
    const size = der[place + 1] ?? 0;
    const content = der.subarray(place + 2, place + 2 + size);
    if (der[place] !== 0x02 || size < 1 || size > 33 || content.length !== size) return null;
    if ((content[0] ?? 0) >= 0x80 || (size > 1 && content[0] === 0 && (content[1] ?? 0) < 0x80)) return null;
    const value = BigInt(`0x${content.toString('hex')}`);
    if (value < 1n || value >= n) return null;
    numbers.push(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
    place += 2 + size;
  }
  return place === der.length ? Buffer.concat(numbers) : null;
}
