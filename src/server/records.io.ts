import { type Digest, now } from '../core/index.ts';
import { type Entry, type Evidence, type EvidenceStore } from '../evidence/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { keep } from './kept.io.ts';
import { type Records, type ReleaseRecord } from './records.ts';
import { recheck, sealedFrom, soundStore } from './sound-store.io.ts';

/**
 * Opens what the pages show of the evidence. Every page asks: all signatures are checked when something was added, not for each.
 *
 * Errors  of its methods: those of the store.
 */
export function openRecords(whole: EvidenceStore): Records {
  const lines = keep<readonly Entry[]>({ lifetime: recheck });
  const entries = async (): Promise<readonly Entry[]> => lines.of('', () => whole.entries(), await whole.head());
  const store = { ...soundStore(whole), entries };
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
  store: EvidenceStore,
  of: { readonly seal: Digest; readonly entries: readonly Entry[]; readonly sealed: SealedRelease | null },
): Promise<ReleaseRecord> {
  const { seal, entries } = of;
  const evidence = keep<readonly Evidence[]>({ lifetime: Number.POSITIVE_INFINITY });
  const bodies = (): Promise<readonly Evidence[]> => evidence.of('', () => store.of(seal));
  const sealed = of.sealed ?? (await sealedFrom(await bodies(), seal));
  return {
    seal,
    sealed,
    name: sealed?.release.name ?? seal.slice(7, 19),
    entries,
    lastAt: entries.at(-1)?.recordedAt ?? now(),
    evidence: bodies,
  };
}
