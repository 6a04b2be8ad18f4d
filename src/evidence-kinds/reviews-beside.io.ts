import { type Digest } from '../core/index.ts';
import { type Registry, signerName, whyUncounted } from '../people/index.ts';
import { type Store } from './kinds.ts';
import { ofKind } from '../evidence/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Review, reviewsOf, type ReviewsBeside } from '../reviews/index.ts';

/** So many earlier seals are read to find reviews of the same release. */
const mostSeals = 40;

/**
 * Finds the reviews that count and that a dossier does not have. An objection must not vanish because the release was sealed again with one
 * byte changed. `since`: the size of the log when the dossier was written. `registry`: the one in force in the target, where it was asked; absent: the
 * log says whose count.
 */
export async function readReviewsBeside(
  store: Pick<Store, 'entries' | 'heard' | 'of'>,
  of: {
    readonly sealed: SealedRelease;
    readonly target: string;
    readonly since: number;
    readonly registry?: Registry;
  },
): Promise<ReviewsBeside> {
  const { sealed, since } = of;
  const present = await reviewsIn(store, sealed.seal, of);
  const seals = (await store.entries()).flatMap(({ kind, seal }) =>
    kind === 'review' && seal !== sealed.seal ? [seal] : [],
  );
  const stale = new Map<string, Review>();
  for (const seal of [...new Set(seals)].slice(-mostSeals)) {
    if (!(await isNamed(store, seal, sealed.release.name))) continue;
    for (const one of await reviewsIn(store, seal, of)) {
      const before = stale.get(one.key);
      if (before === undefined || before.entry < one.entry) stale.set(one.key, one);
    }
  }
  return {
    late: present.filter(({ entry }) => entry >= since),
    stale: [...stale.values()].filter(({ key }) => present.every((one) => one.key !== key)),
  };
}

/** The reviews of a seal that count. */
async function reviewsIn(
  store: Pick<Store, 'heard' | 'of'>,
  seal: Digest,
  { target, registry }: { readonly target: string; readonly registry?: Registry },
): Promise<readonly Review[]> {
  const heard = await store.heard(seal, { target });
  if (registry === undefined) return reviewsOf(heard.evidence, heard);
  const voices = { registry, own: heard.own, by: null };
  const evidence = (await store.of(seal)).filter(
    ({ entry: { kind, index } }) => whyUncounted(voices, { kind, signer: heard.signerOf(index) }) === null,
  );
  return reviewsOf(evidence, { ...heard, nameOf: (index) => signerName(registry, heard.signerOf(index)) });
}

/** Whether a seal has reviews of a release of this name. */
async function isNamed(store: Pick<Store, 'of'>, seal: Digest, name: string): Promise<boolean> {
  return ofKind(await store.of(seal), 'review').some((one) => one.readable && one.body.release === name);
}
