import { type StatementFacts, type TierFacts } from '../dossier.ts';
import { type Html, html, sqlBlock, tag } from '../../page/index.ts';
import { bytes, count, ms } from './figures.ts';
import { type DossierView } from './view.ts';

/** Draws every statement in full, tier by tier, each with what it did on the clone. */
export function statements({ dossier, pieces }: DossierView): Html {
  const direction = (tier: TierFacts, all: readonly StatementFacts[], name: string): Html | false =>
    all.length > 0 &&
    html`<details><summary>${tier.id}, ${name} <span class="soft">${all.length} ${all.length === 1 ? 'statement' : 'statements'}</span></summary>${all.map(
      (one) =>
        html`<article><h4>${one.n}. ${one.title}</h4>${sqlBlock(pieces(one.sql))}<p class="soft">${measured(one)} <code>${one.digest.slice(7, 19)}</code></p></article>`,
    )}</details>`;
  return html`${dossier.tiers.map(
    (tier) =>
      html`<div class="card"><h3>${tier.id}: ${tier.title}</h3>${tier.barred !== null && html`<p>${tag('barred', 'no')} never rolled out by this release: ${tier.barred}</p>`}${direction(tier, tier.up, 'forward')}${
        tier.oneWay === null
          ? direction(tier, tier.down, 'back')
          : html`<p>${tag('one-way', 'hold')} ${tier.oneWay}</p>`
      }</div>`,
  )}`;
}

function measured(one: StatementFacts): string {
  if (one.durationMs === null) return 'Not reached in the rehearsal.';
  return [
    ms(one.durationMs),
    ...(one.rows === null ? [] : [`${count(one.rows)} rows`]),
    ...(one.walBytes === null ? [] : [`${bytes(one.walBytes)} WAL`]),
    ...one.locks,
    ...one.rewritten.map((relation) => `rewrites ${relation}`),
    ...one.notices.map((text) => `notice: ${text}`),
  ].join(' · ');
}
