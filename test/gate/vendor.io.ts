import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import { type Instant } from '../../src/core/index.ts';
import { type Passkey } from '../../src/people/index.ts';

/** A model of authenticator that the tests' vendor makes. */
export const model = '12345678-9abc-4def-8123-456789abcdef';

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const size =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
const oid = (text: string): Buffer => tlv(0x06, hex(text));
const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
const name = (parts: Readonly<Record<string, string>>): Buffer => {
  const types: Readonly<Record<string, string>> = { C: '550406', O: '55040a', OU: '55040b', CN: '550403' };
  return sequence(
    ...Object.entries(parts).map(([type, text]) =>
      tlv(0x31, sequence(oid(types[type] ?? ''), tlv(type === 'C' ? 0x13 : 0x0c, Buffer.from(text)))),
    ),
  );
};
const extension = (type: string, value: Buffer): Buffer => sequence(oid(type), tlv(0x04, value));

/** Somebody who signs certificates, or attestations. */
export interface Holder {
  readonly der: Buffer;
  readonly privateKey: KeyObject;
  readonly name: Buffer;
}

/** What is in a certificate; by default an authority's. */
export interface CertificatePlan {
  readonly issuer?: Holder;
  readonly subject?: Readonly<Record<string, string>>;
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** null: no extension. */
  readonly aaguid?: string | null;
  readonly from?: string;
  readonly to?: string;
}

/** Makes a key and a certificate of it, in DER, byte by byte: what a vendor would not make must be makeable too. */
export function certify(plan: CertificatePlan): Holder {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = name(plan.subject ?? { C: 'SE', O: 'Vendor', OU: 'Roots', CN: 'Vendor Root' });
  const limit = plan.pathLength === undefined ? [] : [tlv(0x02, Buffer.from([plan.pathLength]))];
  const { aaguid = null } = plan;
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
    ecdsaWithSha256,
    plan.issuer?.name ?? subject,
    sequence(...[plan.from ?? '200101000000Z', plan.to ?? '491231235959Z'].map((time) => tlv(0x17, Buffer.from(time)))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(
      0xa3,
      sequence(
        extension('551d13', sequence(...(plan.ca === false ? [] : [tlv(0x01, Buffer.from([0xff]))]), ...limit)),
        ...(aaguid === null ? [] : [extension('2b0601040182e51c010104', tlv(0x04, hex(aaguid.replaceAll('-', ''))))]),
      ),
    ),
  );
  const signature = sign('sha256', body, plan.issuer?.privateKey ?? privateKey);
  const der = sequence(body, ecdsaWithSha256, tlv(0x03, Buffer.from([0]), signature));
  return { der, privateKey, name: subject };
}

/** The certificate that is in an authenticator. */
export const leafOf = (issuer: Holder, more: CertificatePlan = {}): Holder =>
  certify({
    issuer,
    subject: { C: 'SE', O: 'Vendor', OU: 'Authenticator Attestation', CN: 'Key 5' },
    ca: false,
    aaguid: model,
    ...more,
  });

/** How a passkey is made; what is not said is as it should be. */
export interface Making {
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
  readonly by: Holder | 'self' | 'nobody';
  readonly x5c?: readonly Uint8Array[];
  readonly aaguid?: string;
  readonly flags?: number;
  readonly clientData?: Readonly<Record<string, unknown>>;
  /** Changes what was signed, after it was signed. */
  readonly authData?: (data: Buffer) => Buffer;
  readonly clientDataAfter?: (data: Buffer) => Buffer;
}

/** What the page's script would hand in, and the key. */
export interface Made {
  readonly credential: string;
  readonly clientDataJSON: string;
  readonly attestationObject: string;
  readonly key: Passkey;
}

/** Makes a passkey as an authenticator of the vendor does, with its attestation. */
export function makePasskey(of: Making): Made {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' });
  const [x, y] = [jwk.x, jwk.y].map((part) => new Uint8Array(Buffer.from(part ?? '', 'base64url')));
  const cose = new Map<number, number | Uint8Array>([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, x as Uint8Array],
    [-3, y as Uint8Array],
  ]);
  const credential = randomBytes(32);
  const { flags = 0x45, aaguid = model } = of;
  const authData = Buffer.concat([
    createHash('sha256').update(of.rpId).digest(),
    Buffer.from([flags, 0, 0, 0, 0]),
    hex(aaguid.replaceAll('-', '')),
    Buffer.from([0, credential.length]),
    credential,
    isoCBOR.encode(cose),
  ]);
  const said = { type: 'webauthn.create', challenge: of.challenge, origin: of.origin, crossOrigin: false };
  const clientData = Buffer.from(JSON.stringify({ ...said, ...of.clientData }));
  const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()]);
  const bytes = (value: Uint8Array): Uint8Array => new Uint8Array(value);
  const statement = new Map<string, unknown>();
  if (of.by !== 'nobody') {
    statement.set('alg', -7);
    statement.set('sig', bytes(sign('sha256', signed, of.by === 'self' ? privateKey : of.by.privateKey)));
    if (of.by !== 'self') statement.set('x5c', (of.x5c ?? [of.by.der]).map(bytes));
  }
  const object = new Map<string, unknown>([
    ['fmt', of.by === 'nobody' ? 'none' : 'packed'],
    ['attStmt', statement],
    ['authData', bytes(of.authData?.(authData) ?? authData)],
  ]);
  const encode = (value: Uint8Array): string => Buffer.from(value).toString('base64url');
  const made = {
    credential: encode(credential),
    clientDataJSON: encode(of.clientDataAfter?.(clientData) ?? clientData),
    attestationObject: encode(isoCBOR.encode(object as Parameters<typeof isoCBOR.encode>[0])),
  };
  const point = (part: Uint8Array | undefined): string => Buffer.from(part ?? []).toString('hex');
  const key: Passkey = {
    credential: made.credential,
    x: point(x),
    y: point(y),
    aaguid,
    device: (flags & 8) === 0 ? 'bound' : 'synced',
    label: 'key',
    attestation: {
      at: '2026-06-03T08:00:00.000Z' as Instant,
      object: made.attestationObject,
      clientData: made.clientDataJSON,
    },
  };
  return { ...made, key };
}
