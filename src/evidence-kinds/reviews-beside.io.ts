import { type Store } from './kinds.ts';
import { ofKind } from '../evidence/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Review, reviewsOf, type ReviewsBeside } from '../reviews/index.ts';

/** So many earlier seals are read to find reviews of the same release. */
const mostSeals = 40;

/**
 * Finds the reviews that count and that a dossier does not have. An objection must not vanish because the release was sealed again with one
 * byte changed. `since`: the size of the log when the dossier was written.
 */
export async function readReviewsBeside(
  store: Pick<Store, 'entries' | 'heard'>,
  of: { readonly sealed: SealedRelease; readonly target: string; readonly since: number },
): Promise<ReviewsBeside> {
  const { sealed, target, since } = of;
  const heard = await store.heard(sealed.seal, { target });
  const present = reviewsOf(heard.evidence, heard);
  const seals = (await store.entries()).flatMap(({ kind, seal }) =>
    kind === 'review' && seal !== sealed.seal ? [seal] : [],
  );
  const stale = new Map<string, Review>();
  for (const seal of [...new Set(seals)].slice(-mostSeals)) {
    const earlier = await store.heard(seal, { target });
    const named = ofKind(earlier.evidence, 'review').some(
      (one) => one.readable && one.body.release === sealed.release.name,
    );
    if (!named) continue;
    for (const one of reviewsOf(earlier.evidence, earlier)) {
      const before = stale.get(one.key);
      if (before === undefined || before.entry < one.entry) stale.set(one.key, one);
    }
  }
  return {
    late: present.filter(({ entry }) => entry >= since),
    stale: [...stale.values()].filter(({ key }) => present.every((one) => one.key !== key)),
  };
}
