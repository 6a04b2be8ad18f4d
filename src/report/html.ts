import { shortDigest } from '../core/index.ts';
import { type Html, html, lines, list, matrix, table, tierLine, time, toneOf, writeDocument } from '../html/index.ts';
import { explainRow } from '../release/index.ts';
import { explainReviewer, type Review } from '../reviews/index.ts';
import { blockersOf, explainLock, measuredTime, migrationsOf } from './lists.ts';
import { type Citation, type Report, targetText } from './report.ts';
import { unprovenOf } from './unproven.ts';

/** Writes the report as one self-contained HTML file: no script, no outside resource, every text of others escaped. */
export function toHtml(report: Report): string {
  return writeDocument({ title: reportTitle(report), main: reportHtml(report) }, 'alone');
}

/** The title of a report. */
export function reportTitle(report: Report): string {
  return `${report.release.title}: Final Release GO/NO-GO on ${targetText(report)} (${report.at.slice(0, 10)})`;
}

/** The report as a piece of a page, which has one first heading: the verdicts first, then the blockers, then the matrix and its evidence. */
export function reportHtml(report: Report, heading: 'first' | 'further' = 'first'): Html {
  const { release, at, declined = [] } = report;
  const blockers = blockersOf(report);
  const title = heading === 'first' ? html`<h1>${reportTitle(report)}</h1>` : html`<h2>${reportTitle(report)}</h2>`;
  return html`${title}
<p class="soft">Target ${targetText(report)} · release ${release.name} · database ${release.database} · ${time(at)}<br>seal <code>${release.seal}</code></p>
<div class="cards">${verdict(`Release readiness for ${targetText(report)}`, report.readiness)}${verdict(`Execution on ${targetText(report)}`, report.execution)}</div>
${listed('The copy that was rehearsed on', report.copy ?? [])}
${listed(blockers.title, blockers.items)}
${listed('Declined', declined)}
${section('Tiers and gates', tierLine({ title: 'Tiers and gates', tiers: report.tiers }))}
${section(
  'Classification matrix',
  matrix(
    report.components.map((one) => ({
      ...one,
      evidence: html`${one.evidence} <small>${one.citations.map((cited) => html`${link(cited)} `)}</small>`,
    })),
  ),
)}
${listed('Forbidden-compliance', report.compliance)}
${listed('Next work, waits for the gate', report.next)}
${listed('Work that does not wait for the gate', report.meanwhile)}
${section('Rehearsal facts', tierTable(report))}
${migrations(report)}
${listed('What the rehearsal found', report.findings)}
${section('What is not proven', list(unprovenOf(report), 'Nothing.'))}
${report.reviews.length > 0 && section('Reviews (advice: they fill no seat)', list(report.reviews.map(review)))}
${listed('After the rollout', report.after.rollout)}
${listed('After a rollback', report.after.rollback)}
${section(
  'Evidence',
  table({
    columns: [{ head: 'Kind' }, { head: 'Recorded' }, { head: 'Digest' }],
    rows: report.evidence.map((one) => [
      one.kind,
      time(one.recordedAt),
      html`<a href="${safe(one.href)}"><code>${one.digest}</code></a>`,
    ]),
  }),
)}
${
  (report.uncounted.length > 0 || report.whose !== '') &&
  section(
    'Not counted',
    html`${report.whose === '' ? null : html`<p class="soft">Whose entries count: ${report.whose}.</p>`}${table({
      columns: [{ head: 'Kind' }, { head: 'Recorded' }, { head: 'Digest' }, { head: 'Why' }],
      rows: report.uncounted.map((one) => [
        one.kind,
        time(one.recordedAt),
        html`<a href="${safe(one.href)}"><code>${one.digest}</code></a>`,
        `not counted: ${one.why}`,
      ]),
      none: 'None.',
    })}`,
  )
}`;
}

/** A list under its heading; nothing where there is nothing to list. */
function listed(head: string, items: readonly string[]): Html | false {
  return items.length > 0 && section(head, list(items));
}

function review(of: Review): Html {
  return html`${explainReviewer(of)}, ${time(of.at)}: <strong>${of.finding}</strong><pre>${lines(of.text)}</pre>`;
}

function section(head: string, body: Html): Html {
  return html`<section><h2>${head}</h2>${body}</section>`;
}

function verdict(name: string, { status, reasons }: Report['readiness'] | Report['execution']): Html {
  const tone = toneOf(status);
  return html`<div class="card"><span class="soft">${name}</span><span class="big ${tone}">${status}</span>${
    reasons.length === 0 ? html`<p>Engineering complete, execution-proven.</p>` : list(reasons)
  }</div>`;
}

function tierTable(report: Report): Html {
  return table({
    columns: [
      { head: 'Tier' },
      { head: 'Time', kind: 'number' },
      { head: 'Rows', kind: 'number' },
      { head: 'Locks' },
      { head: 'Rewritten' },
    ],
    rows: report.tiers.map((tier) => [
      tier.outside === undefined ? tier.id : html`${tier.id} <small>${tier.outside}</small>`,
      tier.durationMs === null ? 'not rehearsed' : measuredTime(report, tier.durationMs),
      tier.rows === null ? '' : tier.rows.toLocaleString('en-US'),
      several(tier.locks.map((lock) => explainLock(report, lock))),
      several(tier.rewritten),
    ]),
  });
}

/** The files of a repository that tiers are, to compare by `sha256sum`; and the rows that they write. */
function migrations(report: Report): Html | false {
  const all = migrationsOf(report);
  return (
    all.length > 0 &&
    section(
      'Migrations',
      table({
        columns: [
          { head: 'Tier' },
          { head: 'Tool' },
          { head: 'Files and their SHA-256' },
          { head: 'Row of the history' },
        ],
        rows: all.map(({ id, of }) => [
          id,
          of.tool,
          html`${of.files.map(({ file, digest }, index) => html`${index > 0 && html`<br>`}<code>${file}</code><br><code>${digest.slice(7)}</code>`)}`,
          html`<code>${of.history}</code><br><code>${explainRow(of)}</code>${(of.changes ?? []).map((change) => html`<br>${change}`)}`,
        ]),
      }),
    )
  );
}

function several(values: readonly string[]): Html {
  return values.length === 0
    ? html`none`
    : html`${values.map((one, index) => (index === 0 ? html`${one}` : html`<br>${one}`))}`;
}

function link(one: Citation): Html {
  return html`<a href="${safe(one.href)}">${one.kind} ${shortDigest(one.digest)}</a>`;
}

/** A path, never a scheme such as `javascript:`. */
function safe(href: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(href) ? `./${encodeURI(href)}` : encodeURI(href);
}
