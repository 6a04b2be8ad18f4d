import { explainReview, type Review } from './standing-reviews.ts';

/** Reviews that a signed dossier does not have. They close nothing; people read them beside it. */
export interface ReviewsBeside {
  /** Of this seal, recorded after the dossier was written. */
  readonly late: readonly Review[];
  /** Of earlier seals of the same release, by keys that have not reviewed this one: they do not count for it. */
  readonly stale: readonly Review[];
}

/** What is said of each. */
export const lateSaid = 'Recorded after this dossier was written, so it is not in the text that you sign';
export const staleSaid =
  'About an earlier seal of this release: it does not count for this one, and its reviewer has not reviewed this one';

/** One of them a line, for a terminal or a list of facts. */
export function reviewsBesideText({ late, stale }: ReviewsBeside): readonly (readonly [name: string, text: string])[] {
  return [
    ...late.map((one) => ['Later review', `${lateSaid}: ${explainReview(one)}`] as const),
    ...stale.map((one) => ['Earlier review', `${staleSaid}: ${explainReview(one)}`] as const),
  ];
}
