import { canonicalJson, digest, type Instant, type Problem, stated } from '../core/index.ts';
import { parseCanonical } from './envelope.ts';
import { type Entry, type Recording, type Stored } from './evidence.ts';

/** The largest piece that is read. A rehearsal of a thousand statements has a few million bytes. */
const largest = 128 * 1024 * 1024;

/** What is to be recorded as bytes, and the entry that will name them, but for its index. */
export function pieceOf(
  { kind, seal, body }: Recording,
  at: Instant,
): { readonly bytes: Uint8Array; readonly piece: Omit<Entry, 'index'> } {
  const bytes = Buffer.from(canonicalJson(body), 'utf8');
  const piece = { kind, seal, digest: digest('evidence', [kind, bytes]), recordedAt: at, size: bytes.length };
  return { bytes, piece };
}

/** The problem of an entry whose bytes cannot be read. */
export function brokenBytes({ index, kind }: Pick<Entry, 'index' | 'kind'>, reason: string): Problem {
  return {
    code: 'EVIDENCE_BYTES_BROKEN',
    ...stated`entry ${{ entry: index }} (${{ kind }}): ${{ why: reason }}`,
    fix: 'restore the bytes from a copy, or record the evidence again',
  };
}

/** Checks that bytes are the recorded ones of an entry and reads them, or says why they are not. Null: the bytes are missing. */
export function readPiece(entry: Entry, bytes: Uint8Array | null): Stored {
  if (bytes === null) return { entry, readable: false, reason: 'its bytes are missing', damaged: true };
  if (bytes.length !== entry.size || digest('evidence', [entry.kind, bytes]) !== entry.digest)
    return { entry, readable: false, reason: 'its bytes differ from the recorded bytes', damaged: true };
  if (bytes.length > largest)
    return {
      entry,
      readable: false,
      reason: `it has ${bytes.length} bytes; the limit is ${largest}`,
    };
  // a member twice, or another spelling, would be read in one way here and in another way elsewhere
  const body = parseCanonical(Buffer.from(bytes).toString('utf8'));
  return body === undefined
    ? { entry, readable: false, reason: 'its bytes are not canonical JSON' }
    : { entry, readable: true, body };
}
