import { canonicalJson, digest, type Instant } from '../core/index.ts';
import { type Entry, type Evidence, type Recording } from './evidence.ts';

/** What is to be recorded as bytes, and the entry that will name them, but for its index. */
export function pieceOf(
  { kind, seal, body }: Recording,
  at: Instant,
): { readonly bytes: Uint8Array; readonly piece: Omit<Entry, 'index'> } {
  const bytes = Buffer.from(canonicalJson(body), 'utf8');
  const piece = { kind, seal, digest: digest('evidence', [kind, bytes]), recordedAt: at, size: bytes.length };
  return { bytes, piece };
}

/** Reads the bytes of an entry as what was recorded, or says why they are not. Null: the bytes are missing. */
export function readPiece(entry: Entry, bytes: Uint8Array | null): Evidence {
  if (bytes === null) return { entry, readable: false, reason: 'its bytes are missing' };
  if (bytes.length !== entry.size || digest('evidence', [entry.kind, bytes]) !== entry.digest)
    return { entry, readable: false, reason: 'its bytes are not the ones that were recorded' };
  try {
    return { entry, readable: true, body: JSON.parse(Buffer.from(bytes).toString('utf8')) };
  } catch {
    return { entry, readable: false, reason: 'its bytes are not JSON' };
  }
}
