import { createHash, verify } from 'node:crypto';
import { type Cbor, readCbor } from './cbor.ts';
import { type Certificate, readCertificate, uuidOf } from './certificate.ts';
import { type Passkey, type Policy } from './documents.ts';

/** Why a key does not count as attested. */
export type AttestationCode =
  | 'attestation-absent'
  | 'attestation-format'
  | 'attestation-self'
  | 'attestation-client-data'
  | 'attestation-data'
  | 'attestation-key'
  | 'attestation-certificate'
  | 'attestation-aaguid'
  | 'attestation-chain'
  | 'attestation-expired'
  | 'attestation-signature';

const problems: Readonly<Record<AttestationCode, string>> = {
  'attestation-absent': 'the key has no attestation',
  'attestation-format': 'the attestation is not of the format "packed"',
  'attestation-self': 'the authenticator attests itself: there is no certificate of a vendor',
  'attestation-client-data': 'the attestation was not made for a new passkey in a top-level page',
  'attestation-data': 'the authenticator data is malformed, of another site, or says that the person was not verified',
  'attestation-key': 'the attestation is for another key, or for another kind of key',
  'attestation-certificate': 'WebAuthn does not allow this certificate for an attestation',
  'attestation-aaguid': 'the certificate is not for this model of authenticator',
  'attestation-chain': 'the certificate chain does not end at a root of the policy',
  'attestation-expired': 'a certificate was not valid when the passkey was made',
  'attestation-signature': 'the signature does not match the certificate, the authenticator data and the client data',
};

/** What an attestation is checked against. */
export interface AttestationCheck {
  readonly key: Passkey;
  readonly policy: Pick<Policy, 'rpId' | 'authenticators'>;
}

/**
 * null: a vendor named in the policy certifies that this key was made in an authenticator of this model.
 *
 * Stops: a software key that claims to be of some model; a key that someone wrote into a registry by hand. Documents alone decide, so the
 * people of the quorum, and whoever reads the registry later, come to the same answer; certificates count as of the time in the record.
 *
 * Source  WebAuthn level 3 sections 7.1 and 8.2; docs/FORMAT.md "Registry".
 */
export function checkAttestation(check: AttestationCheck): { code: AttestationCode; problem: string } | null {
  const code = codeOf(check);
  return code === null ? null : { code, problem: problems[code] };
}

function codeOf({ key, policy }: AttestationCheck): AttestationCode | null {
  const { attestation } = key;
  if (attestation === undefined) return 'attestation-absent';
  const clientData = Buffer.from(attestation.clientData, 'base64url');
  const object = whole(Buffer.from(attestation.object, 'base64url'));
  if (!(object instanceof Map)) return 'attestation-format';
  const [data, statement] = [object.get('authData'), object.get('attStmt')];
  if (object.get('fmt') !== 'packed' || !(statement instanceof Map)) return 'attestation-format';
  const chain = statement.get('x5c');
  if (chain === undefined) return 'attestation-self';
  if (!isCreation(clientData)) return 'attestation-client-data';
  const made = data instanceof Uint8Array ? readAuthenticatorData(data) : null;
  const site = createHash('sha256').update(policy.rpId).digest();
  // present, verified, with a key
  if (made === null || !made.site.equals(site) || (made.flags & 0x45) !== 0x45) return 'attestation-data';
  const device = (made.flags & 0x08) === 0 ? 'bound' : 'synced';
  if (made.credential !== key.credential || made.x !== key.x || made.y !== key.y) return 'attestation-key';
  if (made.aaguid !== key.aaguid || device !== key.device) return 'attestation-key';
  const certificates = Array.isArray(chain) ? readChain(chain) : null;
  const [leaf, ...others] = certificates ?? [];
  if (leaf === undefined || !isForAttestation(leaf)) return 'attestation-certificate';
  if (leaf.aaguid !== key.aaguid) return 'attestation-aaguid';
  const roots = readChain((policy.authenticators.roots ?? []).map((root) => Buffer.from(root, 'base64'))) ?? [];
  const wrong = chainCode({ leaf, others, roots, at: Date.parse(attestation.at) });
  if (wrong !== null) return wrong;
  const signed = Buffer.concat([made.bytes, createHash('sha256').update(clientData).digest()]);
  const [signature, algorithm] = [statement.get('sig'), statement.get('alg')];
  return signature instanceof Uint8Array && fits({ leaf, algorithm, signed, signature })
    ? null
    : 'attestation-signature';
}

function whole(bytes: Uint8Array): Cbor | undefined {
  const read = readCbor(bytes);
  return read !== null && read.size === bytes.length ? read.value : undefined;
}

/** Challenge and origin are compared when the key is made, by the page that knows them; here only what holds for every valid registration. */
function isCreation(clientData: Buffer): boolean {
  try {
    const said: unknown = JSON.parse(clientData.toString('utf8'));
    if (typeof said !== 'object' || said === null) return false;
    return Reflect.get(said, 'type') === 'webauthn.create' && (Reflect.get(said, 'crossOrigin') ?? false) === false;
  } catch {
    return false;
  }
}

/** Source: WebAuthn level 3 section 6.1. Nothing may follow the last part. */
function readAuthenticatorData(data: Uint8Array) {
  const bytes = Buffer.from(data);
  if (bytes.length < 55) return null;
  const flags = bytes.readUInt8(32);
  const end = 55 + bytes.readUInt16BE(53);
  const cose = readCbor(bytes.subarray(end));
  if (cose === null || !(cose.value instanceof Map)) return null;
  const rest = bytes.subarray(end + cose.size);
  if ((flags & 0x80) === 0 ? rest.length > 0 : !(whole(rest) instanceof Map)) return null;
  // EC2, ES256, P-256
  const [x, y] = [cose.value.get(-2), cose.value.get(-3)];
  const kind = [1, 3, -1].map((label) => (cose.value as ReadonlyMap<number, Cbor>).get(label)).join(' ');
  if (kind !== '2 -7 1' || !(x instanceof Uint8Array && y instanceof Uint8Array)) return null;
  return {
    bytes,
    flags,
    site: bytes.subarray(0, 32),
    aaguid: uuidOf(bytes.subarray(37, 53)),
    credential: bytes.subarray(55, end).toString('base64url'),
    x: Buffer.from(x).toString('hex'),
    y: Buffer.from(y).toString('hex'),
  };
}

/** No vendor has a longer chain. */
const longest = 6;

function readChain(parts: readonly Cbor[]): readonly Certificate[] | null {
  const read = parts.map((part) => (part instanceof Uint8Array ? readCertificate(part) : null));
  const found = read.filter((one) => one !== null);
  return found.length === read.length && found.length > 0 ? found : null;
}

/** Source: WebAuthn level 3 section 8.2.1. */
function isForAttestation({ x509, version, basic }: Certificate): boolean {
  const subject = x509.subject.split('\n');
  const named = ['C=', 'O=', 'CN='].every((name) => subject.some((part) => part.startsWith(name)));
  return version === 3 && basic !== null && !basic.ca && named && subject.includes('OU=Authenticator Attestation');
}

function chainCode(of: {
  readonly leaf: Certificate;
  readonly others: readonly Certificate[];
  readonly roots: readonly Certificate[];
  readonly at: number;
}): AttestationCode | null {
  const { leaf, roots, at } = of;
  // a root that the authenticator sends along is left out: the policy's own counts
  const middle = of.others.filter(({ x509 }) => !roots.some((root) => root.x509.raw.equals(x509.raw)));
  if (middle.length + 1 > longest) return 'attestation-chain';
  const links = [leaf, ...middle];
  const joined = middle.every((issuer, index) => issues(issuer, { to: links[index], below: index }));
  const last = links.at(-1);
  const anchors = roots.filter((root) => issues(root, { to: last, below: middle.length }));
  if (!joined || anchors.length === 0) return 'attestation-chain';
  const valid = ({ x509 }: Certificate): boolean => Date.parse(x509.validFrom) <= at && at <= Date.parse(x509.validTo);
  return links.every(valid) && anchors.some(valid) ? null : 'attestation-expired';
}

/** By name, use of the key and signature; `below`: how many certificates of authorities stand between the issuer and the leaf. */
function issues(
  issuer: Certificate,
  { to, below }: { readonly to: Certificate | undefined; readonly below: number },
): boolean {
  const { basic, x509 } = issuer;
  if (to === undefined || basic === null || !basic.ca) return false;
  if (basic.pathLength !== null && basic.pathLength < below) return false;
  return to.x509.checkIssued(x509) && to.x509.verify(x509.publicKey);
}

/** ES256 and RS256: what attestation certificates of authenticators use. */
function fits(of: {
  readonly leaf: Certificate;
  readonly algorithm: Cbor | undefined;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}): boolean {
  const { publicKey } = of.leaf.x509;
  const wanted = of.algorithm === -7 ? 'ec' : of.algorithm === -257 ? 'rsa' : null;
  return wanted === publicKey.asymmetricKeyType && verify('sha256', of.signed, publicKey, of.signature);
}
