import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { OneRoofError, stated } from '../core/index.ts';
import { statementHash } from '../evidence/index.ts';
import { type Passkey, type Policy, type Signature, unnamedAuthenticator } from '../people/index.ts';

/** A key of software that plays a person's passkey in a demonstration. NOT FOR PRODUCTION. */
export interface DemoAuthenticator {
  readonly key: Passkey;
  /** PKCS #8, PEM: whoever has it can sign. */
  readonly secret: string;
}

/** Makes a key of software. */
export function makeDemoAuthenticator(): DemoAuthenticator {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const point = publicKey.export({ format: 'jwk' });
  const hex = (text: string | undefined): string => Buffer.from(text ?? '', 'base64url').toString('hex');
  const key: Passkey = {
    credential: randomBytes(32).toString('base64url'),
    x: hex(point.x),
    y: hex(point.y),
    aaguid: unnamedAuthenticator,
    device: 'bound',
    label: 'demo',
  };
  return { key, secret: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() };
}

/**
 * Signs a statement as a passkey would, with no one asked.
 *
 * Errors  DEMO_IN_PRODUCTION where the policy is for production.
 */
export function signWithDemo(authenticator: DemoAuthenticator, body: string, policy: Policy): Signature {
  if (policy.production) {
    throw new OneRoofError('DEMO_IN_PRODUCTION', {
      ...stated`policy "${{ policy: policy.name }}" is for production, and a software key does not represent a person`,
      fix: 'let a person ratify on the page',
    });
  }
  const challenge = Buffer.from(statementHash(body)).toString('base64url');
  const clientDataJSON = Buffer.from(
    `{"type":"webauthn.get","challenge":"${challenge}","origin":"${policy.origin}","crossOrigin":false}`,
  );
  const site = createHash('sha256').update(policy.rpId).digest();
  const authenticatorData = Buffer.concat([site, Buffer.from([0x05, 0, 0, 0, 0])]);
  const clientHash = createHash('sha256').update(clientDataJSON).digest();
  const key = createPrivateKey(authenticator.secret);
  const signature = sign('sha256', Buffer.concat([authenticatorData, clientHash]), key);
  return { credential: authenticator.key.credential, authenticatorData, clientDataJSON, signature };
}
