import { leastOf, type StatementFacts, type DossierTier } from '../dossier.ts';
import { explainRow } from '../../release/index.ts';
import { facts, type Html, html, list, sqlBlock, tag } from '../../html/index.ts';
import { bytes, figureText, ms } from './figures.ts';
import { type DossierView } from './view.ts';

/** So many lines of SQL of a tier are shown in each direction; the statements beyond them are folded. */
const linesShown = 60;
/** A longer line counts as several, as it is wrapped on the page. Characters. */
const lineLength = 100;

/** Draws every statement in full, tier by tier, each beside what it did on the clone. */
export function statements({ dossier, pieces }: DossierView): Html {
  const direction = (tier: DossierTier, all: readonly StatementFacts[], name: string): Html | false => {
    const { shown, folded } = divided(all);
    const draw = (one: StatementFacts): Html => statement(one, { pieces, least: leastOf(dossier) });
    return (
      all.length > 0 &&
      html`<h4>${tier.id}, ${name} <span class="soft">${statementCount(all)}</span></h4>${shown.map(draw)}${
        folded.length > 0 &&
        html`<details><summary>${shown.length === 0 ? 'All statements are folded' : 'The other statements are folded'}: ${statementCount(folded)}</summary>${folded.map(draw)}</details>`
      }`
    );
  };
  return html`${dossier.tiers.map(
    (tier) =>
      html`<div class="card"><h3>${tier.id}: ${tier.title}</h3>${tier.barred !== null && html`<p>${tag('barred', 'no')} never rolled out by this release: ${tier.barred}</p>`}${tier.outside !== undefined && html`<p>${tag('no transaction', 'hold')} ${tier.outside}.</p>`}${migration(tier)}${direction(tier, tier.up, 'forward')}${
        tier.oneWay === null
          ? direction(tier, tier.down, 'back')
          : html`<p>${tag('one-way', 'hold')} ${tier.oneWay}</p>`
      }</div>`,
  )}`;
}

/** Which files of a repository a tier is, and what their tool will say of it afterwards. */
function migration({ migration: of }: DossierTier): Html | false {
  return (
    of !== undefined &&
    html`<p>Migration of ${of.tool}:</p>${facts([
      ...of.files.map(
        ({ is, file, digest }) =>
          [
            fileNames[is],
            html`<code>${file}</code><br><span class="soft">SHA-256</span> <code>${digest.slice(7)}</code>`,
          ] as const,
      ),
      ['Row of its history', html`<code>${of.history}</code><br><code>${explainRow(of)}</code>`],
      ...(of.changes ?? []).map((change) => ['In other words', change] as const),
    ])}`
  );
}

const fileNames = { migration: 'File', down: 'File of its down', journal: 'Journal' } as const;

/** The statements that are shown at once, from the first on, and the rest. */
function divided(all: readonly StatementFacts[]): Readonly<Record<'shown' | 'folded', readonly StatementFacts[]>> {
  let sum = 0;
  const first = all.findIndex(({ sql }) => (sum += lineCount(sql)) > linesShown);
  return first === -1 ? { shown: all, folded: [] } : { shown: all.slice(0, first), folded: all.slice(first) };
}

function lineCount(sql: string): number {
  return sql.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / lineLength)), 0);
}

function statementCount(all: readonly StatementFacts[]): string {
  const lines = all.reduce((sum, { sql }) => sum + lineCount(sql), 0);
  return `${all.length === 1 ? '1 statement' : `${all.length} statements`}, ${lines === 1 ? '1 line' : `${figureText(lines)} lines`}`;
}

function statement(
  one: StatementFacts,
  { pieces, least }: Pick<DossierView, 'pieces'> & { readonly least: string },
): Html {
  return html`<article class="statement"><h5>${one.n}. ${one.title} <code class="soft">${one.digest.slice(7, 19)}</code></h5><div class="beside">${sqlBlock(pieces(one.sql))}${list(measured(one, least))}</div></article>`;
}

function measured(one: StatementFacts, least: string): readonly string[] {
  const decided = one.probe === undefined ? [] : [`How it is decided: ${one.probe}.`];
  if (one.durationMs === null) return ['Not reached in the rehearsal.', ...decided];
  return [
    [
      `${least}${ms(one.durationMs)}`,
      ...(one.rows === null ? [] : [one.rows === 1 ? '1 row' : `${figureText(one.rows)} rows`]),
      ...(one.walBytes === null ? [] : [`${least}${bytes(one.walBytes)} WAL`]),
    ].join(' · '),
    ...one.locks,
    ...(one.batches === undefined ? [] : [one.batches]),
    ...one.rewritten.map((relation) => `rewrites ${relation}`),
    ...one.notices.map((text) => `notice: ${text}`),
    ...decided,
  ];
}
