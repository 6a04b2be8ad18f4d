import { reviewHtml } from '../dossier/index.ts';
import { type Html, html } from '../html/index.ts';
import { lateSaid, type Review, type ReviewsBeside, staleSaid } from '../reviews/index.ts';

/** Draws them above the dossier; the element is there also where there are none, so that a page can follow. */
export function reviewsBesideHtml({ late, stale }: ReviewsBeside): Html {
  const note = (said: string, one: Review): Html =>
    html`<div class="note ${one.finding === 'agrees' ? '' : 'no'}"><p>${said}:</p>${reviewHtml(one)}</div>`;
  return html`<div id="beside">${late.map((one) => note(lateSaid, one))}${stale.map((one) => note(staleSaid, one))}</div>`;
}
