import { type Digest } from '../core/index.ts';
import { type EvidenceStore, readPiece } from '../evidence/index.ts';
import { rehearsedOf, type PassedRehearsal } from './eta.ts';

/** The most rehearsals of other seals that are searched for one of the same release. */
const looks = 5;

/**
 * The newest rehearsal of this seal that passed, else of another seal of the same release; null where there is none.
 *
 * Errors  those of the store.
 */
export async function lastRehearsal(
  store: Pick<EvidenceStore, 'entries' | 'bytes'>,
  of: { readonly seal: Digest; readonly release: string },
): Promise<PassedRehearsal | null> {
  const entries = (await store.entries()).filter(({ kind }) => kind === 'rehearsal').reverse();
  const own = entries.filter(({ seal }) => seal === of.seal);
  const others = entries.filter(({ seal }) => seal !== of.seal);
  for (const entry of [...own.slice(0, looks), ...others.slice(0, looks)]) {
    const piece = readPiece(entry, await store.bytes(entry));
    const body = piece.readable ? rehearsedOf(piece.body) : null;
    if (body !== null && body.release === of.release) return body;
  }
  return null;
}
