import { formatDuration, type Milliseconds, printable, shortDigest, truncate } from '../core/index.ts';
import { marks } from './markdown.ts';
import { type Citation, type Report, type TierFacts } from './report.ts';

const style = `
:root{color-scheme:light dark;--ink:#1d2330;--soft:#5b6475;--paper:#fbfaf7;--card:#fff;--line:#e3e0d8;--go:#1f7a4d;--no:#b3372f}
@media(prefers-color-scheme:dark){:root{--ink:#e8e6e0;--soft:#a3a9b5;--paper:#15181e;--card:#1c2028;--line:#313743;--go:#62c794;--no:#f08a80}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:62rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}h1{font-size:1.7rem;line-height:1.25;margin:0 0 .4rem}h2{font-size:1.1rem;margin:2.4rem 0 .7rem}
.soft,small{color:var(--soft)}code{font:.85em ui-monospace,monospace}a{color:inherit;text-underline-offset:.2em}
.verdicts{display:grid;grid-template-columns:repeat(auto-fit,minmax(16rem,1fr));gap:1rem;margin:1.6rem 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:.7rem;padding:1rem 1.2rem}.card b{display:block;font-size:1.6rem}
.go{color:var(--go)}.no{color:var(--no)}table{width:100%;border-collapse:collapse;font-size:.93rem}
th,td{text-align:left;vertical-align:top;padding:.6rem .7rem .6rem 0;border-top:1px solid var(--line)}th{font-weight:600}td:nth-child(2){min-width:7rem}
ul{padding-left:1.2rem;margin:.3rem 0}svg{width:100%;height:auto;margin-top:.5rem}
@media(max-width:40rem){thead{display:none}tr{display:block;border-top:1px solid var(--line);padding:.5rem 0}td,tbody th{display:block;border:0;padding:.15rem 0}td::before{content:attr(data-head) " ";color:var(--soft)}}
@media print{body{background:#fff;color:#000}main{padding:0;max-width:none}tr,.card{break-inside:avoid}}`;

/** Writes the report as one HTML file that stands alone: no script, no outside resource, every text of others escaped. */
export function toHtml(report: Report): string {
  const { release, at, blockers } = report;
  const title = `${release.title}: Final Release GO/NO-GO (${at.slice(0, 10)})`;
  const section = (head: string, body: string): string => `<section><h2>${head}</h2>${body}</section>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>${escape(title)}</title><style>${style}</style></head><body><main>
<header><h1>${escape(title)}</h1><div class="soft">Release ${escape(release.name)} · database ${escape(release.database)} · ${at}<br>seal <code>${release.seal}</code></div></header>
<div class="verdicts">${verdict('Release readiness', report.readiness)}${verdict('Production execution', report.execution)}</div>
${section(blockers.length === 1 ? 'The single blocker' : 'Blockers', list(blockers))}
${section('Tiers and gates', line(report.tiers))}
${section(
  'Classification matrix',
  table(
    ['Component', 'Status', 'Evidence'],
    report.components.map((one) => [
      escape(one.component),
      `<span class="${marks[one.status].startsWith('✅') ? 'go' : 'no'}">${marks[one.status]}</span>`,
      `${escape(one.evidence)} <small>${one.citations.map(link).join(' ')}</small>`,
    ]),
  ),
)}
${section('Forbidden-compliance', list(report.compliance))}
${section('Next, waits for the gate', list(report.next))}
${section('Meanwhile, does not wait for the gate', list(report.meanwhile))}
${section(
  'Rehearsal facts',
  table(
    ['Tier', 'Time', 'Rows', 'Locks', 'Rewritten'],
    report.tiers.map((tier) => [
      escape(tier.id),
      tier.durationMs === null ? 'not rehearsed' : formatDuration(tier.durationMs as Milliseconds),
      tier.rows === null ? '' : tier.rows.toLocaleString('en-US'),
      cell(tier.locks),
      cell(tier.rewritten),
    ]),
  ),
)}
${section('What the rehearsal found', list(report.findings))}
${section('What is not proven', list(report.notProven.map(({ relation, reason }) => `${relation}: ${reason}`)))}
${section('Reviews, advisory and never counted', list(report.reviews.map(({ by, finding, text }) => `${by}, ${finding}: ${text}`)))}
${section('Evidence', `<ul>${report.evidence.map((one) => `<li>${one.kind} <span class="soft">${one.recordedAt}</span> <a href="${href(one.href)}"><code>${one.digest}</code></a></li>`).join('')}</ul>`)}
</main></body></html>
`;
}

function escape(value: string): string {
  return printable(value).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}

/** A path, never a scheme such as `javascript:`. */
function href(value: string): string {
  return escape(/^[a-z][a-z0-9+.-]*:/i.test(value) ? `./${encodeURI(value)}` : encodeURI(printable(value)));
}

function link(one: Citation): string {
  return `<a href="${href(one.href)}">${escape(one.kind)} ${shortDigest(one.digest)}</a>`;
}

function list(values: readonly string[]): string {
  return values.length === 0
    ? '<p class="soft">None.</p>'
    : `<ul>${values.map((one) => `<li>${escape(one)}</li>`).join('')}</ul>`;
}

function cell(values: readonly string[]): string {
  return values.length === 0 ? 'none' : values.map(escape).join('<br>');
}

function verdict(name: string, { status, reasons }: Report['readiness']): string {
  const tone = status === 'GO' ? 'go' : 'no';
  return `<div class="card"><span class="soft">${name}</span><b class="${tone}">${status}</b>${reasons.length === 0 ? 'Engineering complete, execution-proven.' : list(reasons)}</div>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]): string =>
    row
      .map((value, at) =>
        at === 0 ? `<th scope="row">${value}</th>` : `<td data-head="${head[at] ?? ''}">${value}</td>`,
      )
      .join('');
  return `<table><thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join('')}</tbody></table>`;
}

function line(tiers: readonly TierFacts[]): string {
  const width = 60 + tiers.length * 110;
  const words = tiers.map(
    ({ id, gates, barred }) =>
      `${gates.length === 0 ? '' : `gate ${gateText(gates)}, then `}${id}${barred === null ? '' : ' (barred)'}`,
  );
  const shapes = tiers.map(({ id, gates, barred }, index) => {
    const x = 80 + index * 110;
    const gate =
      gates.length === 0
        ? ''
        : `<path d="M${x - 55} 22v36" stroke="var(--no)" stroke-width="3"/><text x="${x - 55}" y="15" text-anchor="middle" fill="var(--no)" font-size="11">${escape(truncate(gateText(gates), 40))}</text>`;
    const dash = barred === null ? '' : ' stroke-dasharray="3 3"';
    return `${gate}<circle cx="${x}" cy="40" r="9" fill="var(--card)" stroke="var(--${barred === null ? 'go' : 'no'})" stroke-width="2.5"${dash}/><text x="${x}" y="72" text-anchor="middle" fill="currentColor" font-size="11">${escape(truncate(id, 17))}</text>`;
  });
  return `<svg viewBox="0 0 ${width} 85" role="img" aria-label="${escape(words.join('; '))}"><path d="M20 40H${width - 20}" stroke="var(--line)" stroke-width="2"/>${shapes.join('')}</svg>`;
}

function gateText(gates: TierFacts['gates']): string {
  return gates.map(({ title, state }) => `${state}: ${title}`).join(', ');
}
