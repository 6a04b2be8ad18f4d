import { now, type Digest, type Instant } from '../core/index.ts';
import { type Entry, type Evidence, type EvidenceStore } from '../evidence/index.ts';
import { readSealedSources, type SealedRelease } from '../release/index.ts';
import { type Records, type ReleaseRecord } from './records.ts';

/** Every page may ask; the store is read, and all of its signatures are checked, at most this often. Milliseconds. */
const freshness = 1000;

/**
 * Opens what the pages show of the evidence.
 *
 * Errors  of its methods: those of the store.
 */
export function openRecords(store: EvidenceStore): Records {
  const releases = new Map<string, SealedRelease>();
  let read: { readonly at: number; readonly value: Promise<readonly ReleaseRecord[]> } | null = null;
  const load = async (): Promise<readonly ReleaseRecord[]> => {
    const bySeal = new Map<Digest, Entry[]>();
    for (const entry of await store.entries()) bySeal.set(entry.seal, [...(bySeal.get(entry.seal) ?? []), entry]);
    const found = await Promise.all([...bySeal].map(([seal, entries]) => recordOf(store, { seal, entries, releases })));
    return found.toSorted((one, other) => (one.lastAt < other.lastAt ? 1 : -1));
  };
  const all = (): Promise<readonly ReleaseRecord[]> => {
    if (read === null || performance.now() - read.at > freshness) {
      const value = load();
      // what failed is asked again by the next page
      value.catch(() => {
        read = null;
      });
      read = { at: performance.now(), value };
    }
    return read.value;
  };
  return { all, of: async (seal) => (await all()).find((one) => one.seal === seal) ?? null, store };
}

async function recordOf(
  store: EvidenceStore,
  of: { readonly seal: Digest; readonly entries: readonly Entry[]; readonly releases: Map<string, SealedRelease> },
): Promise<ReleaseRecord> {
  const { seal, entries, releases } = of;
  let evidence: Promise<readonly Evidence[]> | null = null;
  let sealed = releases.get(seal) ?? null;
  if (sealed === null) {
    const pieces = await store.of(seal);
    evidence = Promise.resolve(pieces);
    sealed = await sealedFrom(pieces, seal);
    if (sealed !== null) releases.set(seal, sealed);
  }
  return {
    seal,
    sealed,
    name: sealed?.release.name ?? seal.slice(7, 19),
    entries,
    lastAt: entries.at(-1)?.recordedAt ?? (now() satisfies Instant),
    evidence: () => (evidence ??= store.of(seal)),
  };
}

async function sealedFrom(evidence: readonly Evidence[], seal: Digest): Promise<SealedRelease | null> {
  for (const piece of evidence) {
    if (piece.entry.kind !== 'seal' || !piece.readable) continue;
    const { files } = piece.body as { readonly files?: Readonly<Record<string, string>> };
    // evidence from before the files were recorded, or files that are not what was sealed: shown without the release
    if (files !== undefined) return await readSealedSources(files, seal).catch(() => null);
  }
  return null;
}
