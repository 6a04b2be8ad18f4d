import { z } from 'zod';
import { digestForm, type Formed, nameForm, recordReader } from '../core/index.ts';

/** What a reviewer finds. */
export const reviewFindings = ['agrees', 'objects', 'comments'] as const;
export type ReviewFinding = (typeof reviewFindings)[number];

/** The longest text of a review. Characters. */
export const longestReview = 8000;

/** What a reviewer says of a sealed release: evidence of kind `review`. Who says it is the key that signed its entry, and when is in that entry. */
const form = z.strictObject({
  version: z.literal(1),
  release: nameForm,
  /** As in the entry, so that the bytes speak of no other release. */
  seal: digestForm,
  finding: z.enum(reviewFindings),
  text: z.string().min(1).max(longestReview),
});
export type ReviewRecord = Formed<typeof form>;
export const readReviewRecord = recordReader(form);
