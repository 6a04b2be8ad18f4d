import { truncate } from '../core/index.ts';
import { type Html, html } from '../page/index.ts';
import { type TierFacts } from './report.ts';

/** Draws the release as a line of tiers with the gates before them; the same stands in its label for who cannot see it. */
export function tierLine(tiers: readonly TierFacts[]): Html {
  const width = 60 + tiers.length * 110;
  const words = tiers.map(
    ({ id, gates, barred }) =>
      `${gates.length === 0 ? '' : `gate ${gateText(gates)}, then `}${id}${barred === null ? '' : ' (barred)'}`,
  );
  return html`<svg class="figure" viewBox="0 0 ${width} 85" role="img" aria-label="${words.join('; ')}"><path class="f-line" d="M20 40H${width - 20}" stroke-width="2"/>${tiers.map(
    ({ id, gates, barred }, index) => {
      const x = 80 + index * 110;
      return html`${gates.length > 0 && html`<path class="f-no" d="M${x - 55} 22v36" stroke-width="3"/><text x="${x - 55}" y="15" text-anchor="middle">${truncate(gateText(gates), 40)}</text>`}<circle class="${barred === null ? 'f-go' : 'f-no'}" cx="${x}" cy="40" r="9" stroke-width="2.5"${barred === null ? null : html` stroke-dasharray="3 3"`}/><text class="strong" x="${x}" y="72" text-anchor="middle">${truncate(id, 17)}</text>`;
    },
  )}</svg>`;
}

function gateText(gates: TierFacts['gates']): string {
  return gates.map(({ title, state }) => `${state}: ${title}`).join(', ');
}
