import { type Digest } from '../core/index.ts';
import { ofKind } from '../evidence/index.ts';
import { readSealedSources, type SealedRelease } from '../release/index.ts';
import { type KnownEvidence } from './kinds.ts';

/** The release as it was sealed, from what was recorded; null where that is not there. */
export async function sealedFrom(evidence: readonly KnownEvidence[], seal: Digest): Promise<SealedRelease | null> {
  for (const piece of ofKind(evidence, 'seal')) {
    const files = piece.readable ? piece.body.files : undefined;
    // evidence from before the files were recorded, or files that are not what was sealed: shown without the release
    const sealed = files === undefined ? null : await readSealedSources(files, seal).catch(() => null);
    if (sealed !== null) return sealed;
  }
  return null;
}
