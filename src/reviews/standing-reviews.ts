import { z } from 'zod';
import { type Formed, instantForm } from '../core/index.ts';
import { type Evidence, keyFingerprint, ofKind, type SshKey } from '../evidence/index.ts';
import { reviewFindings, type ReviewRecord } from './review-record.ts';

/** A review that counts, as dossier and report show it. It is advice: it fills no seat, and opens and closes nothing. */
export const reviewForm = z.strictObject({
  /** The name of the key in the registry, or its fingerprint. */
  by: z.string(),
  /** The fingerprint of the key that signed it. */
  key: z.string(),
  /** Whether that key also sealed the release. */
  from: z.enum(['its author', 'another key', 'not known']),
  /** `unreadable`: its bytes are damaged, or speak of another seal; they may have been an objection. */
  finding: z.enum([...reviewFindings, 'unreadable']),
  text: z.string(),
  /** When it was recorded, and its entry in the log. */
  at: instantForm,
  entry: z.int().nonnegative(),
});
export type Review = Formed<typeof reviewForm>;

/** The evidence that reviews are found in. */
export type ReviewEvidence = Evidence<{ readonly review: ReviewRecord }>;

/** Who signed the entries, and how they are called; absent: not known. */
export interface Reviewers {
  readonly signerOf?: ((index: number) => SshKey | null) | undefined;
  readonly nameOf?: ((index: number) => string) | undefined;
}

/** The reviews among evidence that counts: the newest of each key, in the order of the log. The older ones stay in the log. */
export function reviewsOf(
  evidence: readonly ReviewEvidence[],
  { signerOf = () => null, nameOf = () => 'an unknown key' }: Reviewers,
): readonly Review[] {
  const authors = ofKind(evidence, 'seal').map(({ entry }) => signerOf(entry.index));
  const newest = new Map<string, Review>();
  for (const piece of ofKind(evidence, 'review')) {
    const { index, recordedAt } = piece.entry;
    const { finding, text } = piece.readable ? piece.body : unreadable;
    const signer = signerOf(index);
    const key = signer === null ? 'unknown' : keyFingerprint(signer);
    const isKnown = signer !== null && authors.length > 0 && !authors.includes(null);
    const from = isKnown ? (authors.includes(signer) ? 'its author' : 'another key') : 'not known';
    // where no key is known, each may be of another reviewer
    const reviewer = signer ?? String(index);
    newest.delete(reviewer);
    newest.set(reviewer, { by: nameOf(index), key, from, finding, text, at: recordedAt, entry: index });
  }
  return [...newest.values()];
}

/** The reason why one cannot be read may change with time, and what people sign must not. */
const unreadable = {
  finding: 'unreadable',
  text: 'its bytes are missing, damaged, of another form, or about another seal',
} as const;

/** The reviews that speak against a release, or may do so. */
export function objectionsIn(reviews: readonly Review[]): readonly Review[] {
  return reviews.filter(({ finding }) => finding === 'objects' || finding === 'unreadable');
}

/** A review in one line. */
export function explainReview(review: Review): string {
  return `${explainReviewer(review)}, ${review.at}: ${review.finding}: ${review.text}`;
}

/** Who said a review: the name, the key, and whether it is the author's. */
export function explainReviewer({ by, key, from }: Pick<Review, 'by' | 'key' | 'from'>): string {
  const whose =
    from === 'its author'
      ? ', the key that sealed the release'
      : from === 'not known'
        ? ', not compared with the author'
        : '';
  return `${by}${by === key ? '' : ` (${key})`}${whose}`;
}
