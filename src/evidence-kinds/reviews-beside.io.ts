import { type Digest } from '../core/index.ts';
import { ofKind, readBody, readPiece, type SshKey } from '../evidence/index.ts';
import { type HeardEvidence, type Registry, signerName, whyUncounted } from '../people/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Review, reviewsOf, type ReviewsBeside } from '../reviews/index.ts';
import { type KnownEvidence, readers, type Store } from './kinds.ts';

/** So many bodies are in memory at once while earlier reviews are looked through. */
const atOnce = 500;

/**
 * Finds the reviews that count and that a dossier does not have. An objection must not vanish because the release was sealed again with one
 * byte changed. `since`: the size of the log when the dossier was written. `registry`: the one in force in the target, where it was asked; absent: the
 * log says whose count.
 */
export async function readReviewsBeside(
  store: ReviewStore,
  of: {
    readonly sealed: SealedRelease;
    readonly since: number;
  } & Counting,
): Promise<ReviewsBeside> {
  const { sealed, since } = of;
  const present = await reviewsIn(store, sealed.seal, of);
  const stale = new Map<string, Review>();
  for (const seal of await earlierSeals(store, of))
    for (const one of await reviewsIn(store, seal, of)) {
      const before = stale.get(one.key);
      if (before === undefined || before.entry < one.entry) stale.set(one.key, one);
    }
  return {
    late: present.filter(({ entry }) => entry >= since),
    stale: [...stale.values()].filter(({ key }) => present.every((one) => one.key !== key)),
  };
}

type ReviewStore = Pick<Store, 'blobs' | 'entries' | 'hear' | 'of'>;

/** Whose reviews count: by this registry, else by what the log says of the target. */
interface Counting {
  readonly target: string;
  readonly registry?: Registry;
}

/**
 * The earlier seals of a release that hold the newest review of a key. All reviews of the log are looked at: with a bound, whoever may write to the log could
 * push an objection out of it. No more seals are answered than there are keys that may review.
 */
async function earlierSeals(
  store: ReviewStore,
  of: { readonly sealed: SealedRelease } & Counting,
): Promise<ReadonlySet<Digest>> {
  const { seal, release } = of.sealed;
  const entries = (await store.entries()).filter((entry) => entry.kind === 'review' && entry.seal !== seal);
  const counted: { readonly seal: Digest; readonly signer: SshKey | null }[] = [];
  const named = new Set<Digest>();
  for (let at = 0; at < entries.length; at += atOnce) {
    const part = entries.slice(at, at + atOnce);
    const blobs = await store.blobs(part);
    const pieces = part.map((entry) => readBody(readPiece(entry, blobs.get(entry.digest) ?? null), readers));
    const { evidence, signerOf } = await heardOf(store, pieces, of);
    for (const one of ofKind(evidence, 'review')) {
      counted.push({ seal: one.entry.seal, signer: signerOf(one.entry.index) });
      if (one.readable && one.body.release === release.name) named.add(one.entry.seal);
    }
  }
  const newest = new Map(counted.filter((one) => named.has(one.seal)).map((one) => [one.signer, one.seal]));
  return new Set(newest.values());
}

/** The reviews of a seal that count. */
async function reviewsIn(store: ReviewStore, seal: Digest, counting: Counting): Promise<readonly Review[]> {
  const { evidence, ...names } = await heardOf(store, await store.of(seal), counting);
  return reviewsOf(evidence, names);
}

/** What counts of some pieces. */
async function heardOf(
  store: Pick<Store, 'hear'>,
  pieces: readonly KnownEvidence[],
  { target, registry }: Counting,
): Promise<Pick<HeardEvidence<KnownEvidence>, 'evidence' | 'signerOf' | 'nameOf'>> {
  const heard = await store.hear(pieces, { target });
  if (registry === undefined) return heard;
  const { own, signerOf } = heard;
  const evidence = pieces.filter(
    ({ entry: { kind, index } }) =>
      whyUncounted({ registry, own, by: null }, { kind, signer: signerOf(index) }) === null,
  );
  return { evidence, signerOf, nameOf: (index) => signerName(registry, signerOf(index)) };
}
