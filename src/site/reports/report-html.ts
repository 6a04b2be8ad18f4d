import { type NonEmpty } from '../../core/index.ts';
import { type Document, type Html, html, path, table, tag, toneOf } from '../../html/index.ts';
import { type Report, reportHtml, targetText, titleOf } from '../../report/index.ts';
import { type ReleaseRecord } from '../records.ts';

/** Draws the reports of a release: that of one target, or those of all, one below the other. */
export function reportPage(record: Pick<ReleaseRecord, 'name' | 'seal'>, reports: NonEmpty<Report>): Document {
  const [first, ...others] = reports;
  return {
    title:
      others.length === 0 ? titleOf(first) : `${first.release.title}: reports on ${reports.map(targetText).join(', ')}`,
    trail: [
      ['Releases', '/'],
      [record.name, path('releases', record.seal)],
    ],
    main: html`${others.length > 0 && verdictTable(record.seal, reports)}${reports.map(
      (report, index) => html`<article>${reportHtml(report, index === 0 ? 'first' : 'further')}</article>`,
    )}`,
  };
}

/** Both verdicts on every target, side by side. */
export function verdictTable(seal: string, reports: NonEmpty<Report>): Html {
  return table({
    columns: [{ head: 'Target' }, { head: 'Readiness' }, { head: 'Execution' }, { head: 'Waits for' }],
    rows: reports.map((report) => [
      report.target === null
        ? targetText(report)
        : html`<a href="${path('releases', seal, 'targets', report.target, 'report')}">${report.target}</a>`,
      tag(report.readiness.status, toneOf(report.readiness.status)),
      tag(report.execution.status, report.execution.status === 'NO-GO' ? 'hold' : 'go'),
      waitsFor(report),
    ]),
  });
}

/** The first blocker. */
function waitsFor({ blockers, readiness }: Report): string {
  const [first = 'nothing', ...more] = [...new Set([...blockers, ...readiness.reasons])];
  return more.length === 0 ? first : `${first}, and ${more.length} more`;
}
