import { formatDuration, type Milliseconds, shortDigest } from '../core/index.ts';
import { type Html, html, list, matrix, table, tierLine, time, toneOf, writeDocument } from '../page/index.ts';
import { type Citation, type Report } from './report.ts';
import { unprovenOf } from './unproven.ts';

/** Writes the report as one HTML file that stands alone: no script, no outside resource, every text of others escaped. */
export function toHtml(report: Report): string {
  return writeDocument({ title: titleOf(report), main: reportHtml(report) }, 'alone');
}

/** The title of a report. */
export function titleOf({ release, at }: Report): string {
  return `${release.title}: Final Release GO/NO-GO (${at.slice(0, 10)})`;
}

/** The report as a piece of a page: the verdicts first, then what blocks, then the matrix and what it rests on. */
export function reportHtml(report: Report): Html {
  const { release, at, blockers } = report;
  return html`<h1>${titleOf(report)}</h1>
<p class="soft">Release ${release.name} · database ${release.database} · ${time(at)}<br>seal <code>${release.seal}</code></p>
<div class="cards">${verdict('Release readiness', report.readiness)}${verdict('Production execution', report.execution)}</div>
${section(blockers.length === 1 ? 'The single blocker' : 'Blockers', list(blockers))}
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
${section('Forbidden-compliance', list(report.compliance))}
${section('Next, waits for the gate', list(report.next))}
${section('Meanwhile, does not wait for the gate', list(report.meanwhile))}
${section('Rehearsal facts', tierTable(report))}
${section('What the rehearsal found', list(report.findings))}
${section('What is not proven', list(unprovenOf(report)))}
${section(
  'Reviews, advisory and never counted',
  list(report.reviews.map(({ by, finding, text }) => `${by}, ${finding}: ${text}`)),
)}
${section('After the rollout', list(report.after.rollout))}
${section('After a rollback', list(report.after.rollback))}
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
${section(
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
)}`;
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

function tierTable({ tiers }: Report): Html {
  return table({
    columns: [
      { head: 'Tier' },
      { head: 'Time', kind: 'number' },
      { head: 'Rows', kind: 'number' },
      { head: 'Locks' },
      { head: 'Rewritten' },
    ],
    rows: tiers.map((tier) => [
      tier.id,
      tier.durationMs === null ? 'not rehearsed' : formatDuration(tier.durationMs as Milliseconds),
      tier.rows === null ? '' : tier.rows.toLocaleString('en-US'),
      several(tier.locks),
      several(tier.rewritten),
    ]),
  });
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
