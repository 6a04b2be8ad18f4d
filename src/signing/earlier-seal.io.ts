import { type Digest } from '../core/index.ts';
import { type CycleRow } from '../gate/index.ts';
import { sealedFrom, type Store } from '../evidence-kinds/index.ts';
import { diffReleases, type SealedRelease } from '../release/index.ts';
import { earlierCandidates, type EarlierSeal } from './earlier-seal.ts';

/** So many earlier seals are read to find one of the same release. */
const mostRead = 40;

/** Finds the seal that a release had before, and compares; null where none was ratified or rehearsed. `read`: a release by its seal, where it is known already. */
export async function readEarlierSeal(
  store: Store,
  of: {
    readonly sealed: SealedRelease;
    readonly cycles: readonly CycleRow[];
    readonly read?: (seal: Digest) => Promise<SealedRelease | null>;
  },
): Promise<EarlierSeal | null> {
  const { sealed, cycles } = of;
  const read = of.read ?? (async (seal: Digest) => sealedFrom(await store.of(seal), seal));
  const candidates = earlierCandidates(await store.entries(), { seal: sealed.seal, cycles });
  for (const candidate of candidates.slice(0, mostRead)) {
    const found = await read(candidate.seal);
    if (found?.release.name === sealed.release.name)
      return { ...candidate, changes: diffReleases(found.release, sealed.release) };
  }
  return null;
}
