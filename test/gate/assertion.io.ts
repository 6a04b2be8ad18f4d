import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { type AssertionCheck, type DeviceClass, type Signature } from '../../src/people/index.ts';

export const policy = { origin: 'https://gate.example.org', rpId: 'gate.example.org' };

/** What an authenticator and a browser put together, before it is signed. */
export interface Parts {
  challenge: Buffer;
  clientData: Buffer;
  authenticatorData: Buffer;
  device: DeviceClass;
  x: string;
  y: string;
  privateKey: KeyObject;
}

/** The client data of an honest browser. */
export function clientData(challenge: Uint8Array, { origin = policy.origin, tail = '}' } = {}): Buffer {
  const spelled = Buffer.from(challenge).toString('base64url');
  return Buffer.from(`{"type":"webauthn.get","challenge":"${spelled}","origin":"${origin}","crossOrigin":false${tail}`);
}

/** Authenticator data for a site, with these flags, and bytes after the counter. */
export function authenticatorData(flags: number, { rpId = policy.rpId, tail = '' } = {}): Buffer {
  const site = createHash('sha256').update(rpId).digest();
  return Buffer.concat([site, Buffer.from([flags, 0, 0, 0, 7]), Buffer.from(tail, 'hex')]);
}

/** A new key pair of P-256, with its point as a registry spells it. */
export function keyPair(): Pick<Parts, 'x' | 'y' | 'privateKey'> {
  return withPoint(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

/** The key pair of P-256 whose private number is this: 32 bytes. */
export function keyPairOf(number: Uint8Array): Pick<Parts, 'x' | 'y' | 'privateKey'> {
  // PKCS #8 around RFC 5915, without the public key, which OpenSSL computes
  const before = Buffer.from('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420', 'hex');
  return withPoint(createPrivateKey({ key: Buffer.concat([before, number]), format: 'der', type: 'pkcs8' }));
}

function withPoint(privateKey: KeyObject): Pick<Parts, 'x' | 'y' | 'privateKey'> {
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
  const [x = '', y = ''] = [jwk.x, jwk.y].map((part) => Buffer.from(part ?? '', 'base64url').toString('hex'));
  return { x, y, privateKey };
}

/** A few keys for all: making one is slow. */
const keys = Array.from({ length: 5 }, keyPair);

/** The parts of a good assertion over a challenge of its own. */
export function honest(index: number): Parts {
  const challenge = randomBytes(32);
  const tail = ['}', ',"other_keys_can_be_added_here":"x"}', ',"type":"webauthn.create"}'][index % 3];
  const flags = [0x05, 0x0d, 0x1d][index % 3] ?? 0x05;
  const device = flags === 0x05 ? 'bound' : 'any';
  return {
    challenge,
    clientData: clientData(challenge, { tail }),
    authenticatorData: authenticatorData(flags),
    device,
    ...(keys[index % keys.length] ?? keys[0]!),
  };
}

/** Signs the parts as they are: what is wrong in them is then wrong under a good signature. */
export function assertion(parts: Parts, damage: (der: Buffer) => Buffer = (der) => der): AssertionCheck {
  const { challenge, device, x, y } = parts;
  const signature = signedBytes({ ...parts, credential: 'Y3JlZGVudGlhbA' });
  return {
    challenge,
    policy,
    key: { x, y },
    device,
    signature: { ...signature, signature: damage(signature.signature) },
  };
}

/** What an authenticator and a browser make of a challenge, with these flags, on this page. */
export function answer(
  by: { readonly credential: string; readonly privateKey: KeyObject },
  seen: {
    readonly challenge: Uint8Array;
    readonly flags: number;
    readonly origin?: string;
    readonly rpId?: string;
  },
): Signature {
  const { challenge, flags } = seen;
  return signedBytes({
    ...by,
    clientData: clientData(challenge, seen),
    authenticatorData: authenticatorData(flags, seen),
  });
}

function signedBytes(
  of: Pick<Parts, 'authenticatorData' | 'clientData' | 'privateKey'> & { readonly credential: string },
) {
  const { credential, authenticatorData: data, clientData: clientDataJSON } = of;
  const hash = createHash('sha256').update(clientDataJSON).digest();
  const signature = sign('sha256', Buffer.concat([data, hash]), of.privateKey);
  return { credential, authenticatorData: data, clientDataJSON, signature };
}
