import { createHash, sign, verify } from 'node:crypto';
import { frontierLength, same, treeHash, type TreeHash } from './merkle.ts';
import { keyObject, rawKey, type SoftwareKey, type SshKey } from './sshsig.ts';

/** The head of a log: how many lines it has, and the root of the tree over them. */
export interface Head {
  /** Names the log; each checkpoint of a log has the same. */
  readonly origin: string;
  readonly size: number;
  readonly root: TreeHash;
  /**
   * The frontier of the tree over all lines but the last one. With the last line it gives the root, so it also proves that the line is
   * the last one. Absent in a checkpoint that was written before there were frontiers.
   */
  readonly frontier?: readonly TreeHash[];
}

/**
 * Writes a checkpoint: the head of a log, signed.
 *
 * Shape   origin, size, root (base64), `frontier` and its hashes (base64) where there are any, an empty line, `— <origin> <base64 of 4 bytes of the key's hash and the signature>`; one a line.
 * Source  C2SP tlog-checkpoint (the frontier is an extension line) and signed-note; the signature is type 0x01, Ed25519.
 */
export function writeCheckpoint(head: Head, key: SoftwareKey): string {
  const text = noteOf(head);
  const signature = sign(null, Buffer.from(text), key.privateKey);
  const blob = Buffer.concat([keyHash(head.origin, key.publicKey), signature]);
  return `${text}\n— ${head.origin} ${blob.toString('base64')}\n`;
}

/** Reads the head of a checkpoint and checks every byte of its form; `isSignedBy` checks its signature. Null if it is not a checkpoint. */
export function readCheckpoint(text: string): Head | null {
  const match =
    /^([^\s+]+)\n(0|[1-9][0-9]{0,14})\n([A-Za-z0-9+/]{43}=)\n(?:frontier((?: [A-Za-z0-9+/]{43}=){1,64})\n)?\n— \1 [A-Za-z0-9+/=]{92}\n$/u.exec(
      text,
    );
  if (match === null) return null;
  const [, origin = '', digits = '', encoded = '', written] = match;
  const size = Number(digits);
  const [root, ...frontier] = [encoded, ...(written?.split(' ').slice(1) ?? [])].map(hashOf);
  if (root === undefined || root === null || !frontier.every((hash) => hash !== null)) return null;
  if (written === undefined && size > 1) return { origin, size, root };
  return frontier.length === frontierLength(Math.max(0, size - 1)) ? { origin, size, root, frontier } : null;
}

/** Reads a hash in its one way of writing it. */
function hashOf(encoded: string): TreeHash | null {
  const hash = treeHash(Buffer.from(encoded, 'base64'));
  return hash !== null && base64(hash) === encoded ? hash : null;
}

/** Says whether a checkpoint was signed by a key. */
export function isSignedBy(checkpoint: string, key: SshKey): boolean {
  const head = readCheckpoint(checkpoint);
  const encoded = /([A-Za-z0-9+/=]{92})\n$/.exec(checkpoint)?.[1];
  if (head === null || encoded === undefined) return false;
  const blob = Buffer.from(encoded, 'base64');
  if (blob.length !== 68 || blob.toString('base64') !== encoded) return false;
  if (!same(blob.subarray(0, 4), keyHash(head.origin, key))) return false;
  return verify(null, Buffer.from(noteOf(head)), keyObject(key), blob.subarray(4));
}

/** The four bytes that say which key a signature line is by. Source: C2SP signed-note. */
export function keyHash(name: string, key: SshKey): Uint8Array {
  return createHash('sha256')
    .update(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(1), rawKey(key)]))
    .digest()
    .subarray(0, 4);
}

function noteOf({ origin, size, root, frontier = [] }: Head): string {
  const extension = frontier.length === 0 ? '' : `frontier ${frontier.map(base64).join(' ')}\n`;
  return `${origin}\n${size}\n${base64(root)}\n${extension}`;
}

function base64(hash: TreeHash): string {
  return Buffer.from(hash).toString('base64');
}
