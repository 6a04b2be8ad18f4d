import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { type Branded } from '../core/index.ts';

/** An Ed25519 public key as OpenSSH writes it, without a comment: `ssh-ed25519 AAAA…`. */
export type SshKey = Branded<string, 'SshKey'>;

/** A key of software: it signs evidence and checkpoints, and never fills a seat. */
export interface SoftwareKey {
  readonly publicKey: SshKey;
  readonly privateKey: KeyObject;
}

/** What our signatures are for: one made for a file or a commit can never be presented as ours. */
const namespace = 'oneroof';
const algorithm = 'ssh-ed25519';
const magic = Buffer.from('SSHSIG', 'ascii');
/** The DER in front of a raw Ed25519 key. Source: RFC 8410. */
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Signs a message as `ssh-keygen -Y sign -n oneroof` does.
 *
 * Shape   "SSHSIG", version 1, key, namespace, nothing, "sha512", signature; each text behind its length.
 * Source  OpenSSH, PROTOCOL.sshsig.
 */
export function sshSign(message: Uint8Array, key: SoftwareKey): Uint8Array {
  const raw = sign(null, toBeSigned(message), key.privateKey);
  const version = Buffer.alloc(4);
  version.writeUInt32BE(1);
  return Buffer.concat([
    magic,
    version,
    wire(Buffer.from(key.publicKey.split(' ')[1] ?? '', 'base64')),
    wire(namespace),
    wire(''),
    wire('sha512'),
    wire(Buffer.concat([wire(algorithm), wire(raw)])),
  ]);
}

/** The key that signed a message; null where the signature is not ours in every byte, or does not fit. Source: OpenSSH, PROTOCOL.sshsig. */
export function sshVerify(message: Uint8Array, signature: Uint8Array): SshKey | null {
  const bytes = Buffer.from(signature);
  if (bytes.length < 10 || !bytes.subarray(0, 6).equals(magic) || bytes.readUInt32BE(6) !== 1) return null;
  const parts = texts(bytes.subarray(10));
  if (parts?.length !== 5) return null;
  const [key, space, reserved, hash, signed] = parts as [Buffer, Buffer, Buffer, Buffer, Buffer];
  if (space.toString('latin1') !== namespace || reserved.length > 0 || hash.toString('latin1') !== 'sha512')
    return null;
  const publicKey = sshKey(`${algorithm} ${key.toString('base64')}`);
  const [kind, raw, ...more] = texts(signed) ?? [];
  if (publicKey === null || raw === undefined || raw.length !== 64 || more.length > 0) return null;
  if (kind?.toString('latin1') !== algorithm) return null;
  return verify(null, toBeSigned(message), keyObject(publicKey), raw) ? publicKey : null;
}

/** A signature as `ssh-keygen` reads it from a file. */
export function armoured(signature: Uint8Array): string {
  const lines =
    Buffer.from(signature)
      .toString('base64')
      .match(/.{1,70}/g) ?? [];
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join('\n');
}

/** Reads an Ed25519 public key as OpenSSH writes it, without the comment after it; null if it is not one. */
export function sshKey(text: string): SshKey | null {
  const match = /^ssh-ed25519 ([A-Za-z0-9+/]+={0,2})(?: .*)?$/.exec(text);
  if (match?.[1] === undefined) return null;
  const bytes = Buffer.from(match[1], 'base64');
  if (bytes.toString('base64') !== match[1]) return null;
  const [kind, raw, ...more] = texts(bytes) ?? [];
  const whole = kind?.toString('latin1') === algorithm && raw?.length === 32 && more.length === 0;
  return whole ? (`${algorithm} ${match[1]}` as SshKey) : null;
}

/** The 32 bytes of a public key. */
export function rawKey(key: SshKey): Uint8Array {
  return Buffer.from(key.split(' ')[1] ?? '', 'base64').subarray(-32);
}

/** A key object takes as long to make as a third of a verification; a log has few keys. */
const keyObjects = new Map<SshKey, KeyObject>();
/** Lines and bundles of others may name any number of keys. */
const mostKeyObjects = 256;

/** A public key as the cryptography of the platform takes it: made once for each key. */
export function keyObject(key: SshKey): KeyObject {
  const known = keyObjects.get(key);
  if (known !== undefined) return known;
  const made = createPublicKey({ key: Buffer.concat([publicPrefix, rawKey(key)]), format: 'der', type: 'spki' });
  if (keyObjects.size >= mostKeyObjects) keyObjects.clear();
  keyObjects.set(key, made);
  return made;
}

/** The name of a key, as OpenSSH shows it: `SHA256:…`. */
export function keyFingerprint(key: SshKey): string {
  const hash = createHash('sha256').update(Buffer.from(key.split(' ')[1] ?? '', 'base64'));
  return `SHA256:${hash.digest('base64').replace(/=+$/, '')}`;
}

/** Reads an Ed25519 private key without a pass phrase, as PKCS #8 or as ssh-keygen writes it; null where it is none. */
export function softwareKey(text: string): SoftwareKey | null {
  const privateKey = privateKeyOf(text);
  if (privateKey?.asymmetricKeyType !== 'ed25519') return null;
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const publicKey = sshKey(`${algorithm} ${Buffer.concat([wire(algorithm), wire(raw)]).toString('base64')}`);
  return publicKey === null ? null : { publicKey, privateKey };
}

function privateKeyOf(text: string): KeyObject | null {
  const openSsh = /^-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----\s*$/.exec(
    text,
  );
  try {
    if (openSsh?.[1] === undefined) return createPrivateKey(text);
    const seed = openSshSeed(Buffer.from(openSsh[1], 'base64'));
    if (seed === null) return null;
    return createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' });
  } catch {
    return null;
  }
}

/** Source: OpenSSH, PROTOCOL.key. */
function openSshSeed(bytes: Buffer): Buffer | null {
  const head = 'openssh-key-v1\0';
  if (bytes.subarray(0, head.length).toString('latin1') !== head) return null;
  const [cipher, ...rest] = texts(bytes.subarray(head.length), 3) ?? [];
  if (cipher?.toString('latin1') !== 'none') return null;
  const tail = rest.at(-1);
  const [, inner] = tail === undefined ? [] : (texts(tail.subarray(4)) ?? []);
  const [kind, , secret] = inner === undefined ? [] : (texts(inner.subarray(8), 3) ?? []);
  return kind?.toString('latin1') === algorithm && secret?.length === 64 ? secret.subarray(0, 32) : null;
}

function toBeSigned(message: Uint8Array): Uint8Array {
  const hash = createHash('sha512').update(message).digest();
  return Buffer.concat([magic, wire(namespace), wire(''), wire('sha512'), wire(hash)]);
}

function wire(text: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(text as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The texts behind their lengths, to the end, or so many of them and then what is left; null where a length leads beyond the end. */
function texts(bytes: Buffer, most = Number.POSITIVE_INFINITY): Buffer[] | null {
  const found: Buffer[] = [];
  let at = 0;
  while (at < bytes.length && found.length < most) {
    if (at + 4 > bytes.length) return null;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return null;
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return most === Number.POSITIVE_INFINITY ? found : [...found, bytes.subarray(at)];
}
