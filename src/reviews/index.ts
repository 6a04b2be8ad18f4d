export {
  type ReviewFinding,
  reviewFindings,
  longestReview,
  readReviewRecord,
  type ReviewRecord,
} from './review-record.ts';
export {
  explainReview,
  explainReviewer,
  objectionsIn,
  type Review,
  reviewForm,
  type ReviewEvidence,
  type Reviewers,
  reviewsOf,
} from './standing-reviews.ts';
export { lateSaid, type ReviewsBeside, reviewsBesideText, staleSaid } from './reviews-beside.ts';
