import { type Digest, now, keep } from '../core/index.ts';
import { type Entry } from '../evidence/index.ts';
import { type KnownEvidence, sealedFrom, type Store } from '../evidence-kinds/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Records, type ReleaseRecord } from './records.ts';

/** What was read and checked is read and checked again after so long, also where nothing was added: bytes may have been changed. Milliseconds. */
const recheck = 5000;

/**
 * Opens what the pages show of the evidence. Every page asks: all signatures are checked when something was added, not for each.
 *
 * Errors  of its methods: those of the store.
 */
export function openRecords(whole: Store): Records {
  const lines = keep<readonly Entry[]>({ lifetime: recheck });
  const entries = async (): Promise<readonly Entry[]> => lines.of('', () => whole.entries(), await whole.head());
  // pieces are not kept: a line may be in the log a moment before the head is, and a record keeps what it read
  const store: Store = { ...whole, entries };
  const known = new Map<Digest, ReleaseRecord>();
  const load = async (): Promise<readonly ReleaseRecord[]> => {
    const bySeal = new Map<Digest, Entry[]>();
    for (const entry of await store.entries()) {
      const of = bySeal.get(entry.seal) ?? [];
      of.push(entry);
      bySeal.set(entry.seal, of);
    }
    const found = await Promise.all(
      [...bySeal].map(async ([seal, entries]) => {
        const before = known.get(seal);
        // a log only grows: what has as many lines as before is as before
        if (before?.entries.length === entries.length) return before;
        const record = await recordOf(store, { seal, entries, sealed: before?.sealed ?? null });
        known.set(seal, record);
        return record;
      }),
    );
    return found.toSorted((one, other) => (one.lastAt < other.lastAt ? 1 : -1));
  };
  const records = keep<readonly ReleaseRecord[]>({ lifetime: recheck });
  const all = async (): Promise<readonly ReleaseRecord[]> => records.of('', load, await store.head());
  return { all, of: async (seal) => (await all()).find((one) => one.seal === seal) ?? null, store };
}

async function recordOf(
  store: Store,
  of: { readonly seal: Digest; readonly entries: readonly Entry[]; readonly sealed: SealedRelease | null },
): Promise<ReleaseRecord> {
  const { seal, entries } = of;
  const evidence = keep<readonly KnownEvidence[]>({ lifetime: Number.POSITIVE_INFINITY });
  const bodies = (): Promise<readonly KnownEvidence[]> => evidence.of('', () => store.of(seal));
  const sealed = of.sealed ?? (await sealedFrom(await bodies(), seal));
  return {
    seal,
    sealed,
    name: sealed?.release.name ?? seal.slice(7, 19),
    entries,
    lastAt: entries.at(-1)?.recordedAt ?? now(),
    evidence: bodies,
    heard: async (target) => store.hear(await bodies(), { target }),
  };
}
