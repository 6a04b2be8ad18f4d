import { type Digest } from '../core/index.ts';
import { type EvidenceStore } from '../evidence/index.ts';
import { rehearsedOf, type Rehearsed } from './eta.ts';

/** So many rehearsals of other seals are looked at for one of the same release. */
const looks = 5;

/**
 * The newest rehearsal of this seal that passed, else of another seal of the same release; null where there is none.
 * Only an estimate is made of it, so its bytes are not checked against their digest.
 *
 * Errors  those of the store.
 */
export async function lastRehearsal(
  store: EvidenceStore,
  of: { readonly seal: Digest; readonly release: string },
): Promise<Rehearsed | null> {
  const entries = (await store.entries()).filter(({ kind }) => kind === 'rehearsal').reverse();
  const own = entries.filter(({ seal }) => seal === of.seal);
  const others = entries.filter(({ seal }) => seal !== of.seal);
  for (const entry of [...own.slice(0, looks), ...others.slice(0, looks)]) {
    const bytes = await store.bytes(entry);
    const body = bytes === null ? null : rehearsedOf(JSON.parse(Buffer.from(bytes).toString('utf8')));
    if (body !== null && body.release === of.release) return body;
  }
  return null;
}
