import { type Digest } from '../core/index.ts';
import { type Evidence, type EvidenceStore, type Log } from '../evidence/index.ts';
import { readSealedSources, type SealedRelease } from '../release/index.ts';
import { keep } from './kept.io.ts';
import { soundOf } from './sound.ts';

/** What was read and checked is read and checked again after so long, also where nothing was added: bytes may have been changed. Milliseconds. */
export const recheck = 5000;

/**
 * The same store for pages: what was read serves all visitors until something is added, and of a piece that no page can be drawn of they
 * see only that it is there.
 */
export function soundStore(whole: EvidenceStore): EvidenceStore {
  const sealedOf = new Map<Digest, SealedRelease>();
  const seen = new Map<Digest, Map<number, Evidence>>();
  const judge = async (seal: Digest): Promise<readonly Evidence[]> => {
    const pieces = await whole.of(seal);
    const sealed = sealedOf.get(seal) ?? (await sealedFrom(pieces, seal));
    if (sealed !== null) sealedOf.set(seal, sealed);
    const before = seen.get(seal);
    // a log only grows, so what was judged stays judged; bytes may get lost
    const judged = pieces.map((piece) => {
      const known = before?.get(piece.entry.index);
      return known?.readable === true && piece.readable ? known : soundOf(piece, sealed);
    });
    seen.set(seal, new Map(judged.map((piece) => [piece.entry.index, piece])));
    return judged;
  };
  const logs = keep<Log>({ lifetime: recheck });
  // pieces are not kept: a line may stand in the log a moment before the head does, and a record keeps what it read
  return { ...whole, log: async () => logs.of('', () => whole.log(), await whole.head()), of: judge };
}

/** The release as it was sealed, from what was recorded; null where that is not there. */
export async function sealedFrom(evidence: readonly Evidence[], seal: Digest): Promise<SealedRelease | null> {
  for (const piece of evidence) {
    if (piece.entry.kind !== 'seal' || !piece.readable) continue;
    const files = (piece.body as { readonly files?: Readonly<Record<string, string>> } | null)?.files;
    // evidence from before the files were recorded, or files that are not what was sealed: shown without the release
    const sealed = files === undefined ? null : await readSealedSources(files, seal).catch(() => null);
    if (sealed !== null) return sealed;
  }
  return null;
}
