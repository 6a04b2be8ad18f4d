import { type Html, html, lines, tag, time } from '../../html/index.ts';
import { explainReviewer, type Review } from '../../reviews/index.ts';

/** Draws a review: who says what, and the text with its lines. */
export function reviewHtml(review: Review): Html {
  const { finding, text, at, entry } = review;
  const tone = finding === 'objects' || finding === 'unreadable' ? 'no' : 'plain';
  return html`<strong>${explainReviewer(review)}</strong> ${tag(finding, tone)} ${time(at)}, entry ${entry}<pre tabindex="0" aria-label="What the review says">${lines(text)}</pre>`;
}
