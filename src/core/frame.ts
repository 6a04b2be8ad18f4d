import { createHash } from 'node:crypto';
import { type Branded } from './brand.ts';

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = Branded<string, 'Digest'>;

/** What a hash is taken for. A digest made for one purpose can never be presented for another. */
export type Purpose =
  | 'seal'
  | 'step'
  | 'evidence'
  | 'schema'
  | 'rows'
  | 'object'
  | 'policy'
  | 'registry'
  | 'target'
  | 'dossier'
  | 'bundle'
  | 'account'
  | 'footprint'
  | 'mask'
  | 'fault'
  | 'sample'
  | 'verdict';

/**
 * Joins parts into one unambiguous byte string: a line that names the purpose, then each part behind its length.
 *
 * Shape   `oneroof <purpose> v1\n`, then for each part 8 bytes of length (unsigned, big-endian) and the part itself.
 * Source  docs/FORMAT.md "Framing". Without lengths, ("ab","c") and ("a","bc") would hash alike.
 */
export function frame(purpose: Purpose, parts: readonly (string | Uint8Array)[]): Uint8Array {
  const chunks: Uint8Array[] = [Buffer.from(`oneroof ${purpose} v1\n`, 'ascii')];
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    chunks.push(length, bytes);
  }
  return Buffer.concat(chunks);
}

/**
 * SHA-256 over framed parts.
 *
 * Shape   `sha256:` + 64 hexadecimal digits.
 * Source  docs/FORMAT.md "Framing".
 */
export function digest(purpose: Purpose, parts: readonly (string | Uint8Array)[]): Digest {
  return `sha256:${createHash('sha256').update(frame(purpose, parts)).digest('hex')}` as Digest;
}

/** Says whether a text has the form of a digest. */
export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** The first twelve digits of a digest, for people to compare; never for a machine to decide by. */
export function shortDigest(value: Digest): string {
  return value.slice(7, 19);
}
