import { type EvidenceStore } from '../evidence/index.ts';

/** What was read and checked is read and checked again after so long, also where nothing was added: bytes may have been changed. Milliseconds. */
const freshness = 5000;

/** Keeps what was read under a key for as long as nothing was added, and not for long. */
export function kept<Key, T>(
  { head }: Pick<EvidenceStore, 'head'>,
  read: (key: Key) => Promise<T>,
): (key: Key) => Promise<T> {
  const found = new Map<Key, { readonly head: string; readonly at: number; readonly value: Promise<T> }>();
  return async (key) => {
    const newest = await head();
    const last = found.get(key);
    if (last?.head === newest && performance.now() - last.at < freshness) return last.value;
    const value = read(key);
    // what failed is read again by the next page
    value.catch(() => found.delete(key));
    found.set(key, { head: newest, at: performance.now(), value });
    return value;
  };
}
