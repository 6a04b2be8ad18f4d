import { printable, truncate } from '../core/index.ts';
import { type Report, targetText } from '../report/index.ts';
import { explainReview } from '../reviews/index.ts';
import { type TextLayout, table } from './text/index.ts';

/** A short report for people: both verdicts and why, the matrix, the next step. */
export function reportText(report: Report, look: TextLayout): string {
  const { readiness, execution, blockers, declined = [] } = report;
  // one table for both, so that what is one below the other can be compared
  const verdicts = [
    [`RELEASE READINESS for ${targetText(report)}`, readiness.status, readiness.reasons],
    [
      `EXECUTION on ${targetText(report)}`,
      execution.status,
      [
        ...(readiness.status === 'GO' || execution.status === 'DONE' ? [] : ['the release is not ready']),
        ...[...new Set([...blockers, ...execution.reasons])].filter((why) => !readiness.reasons.includes(why)),
      ],
    ],
  ] as const;
  return [
    ...verdicts.flatMap(([name, status, reasons]) => [
      ...table([[status.padEnd(6), look.paint.heading(name)]], look),
      ...table(
        reasons.map((reason) => ['      ', printable(reason)]),
        look,
      ),
    ]),
    '',
    ...table(
      report.components.map(({ component, status }) => [status, printable(component)]),
      look,
    ),
    ...(report.tiers.every(({ state }) => state === 'unknown' || state === 'barred')
      ? []
      : [
          '',
          ...table(
            report.tiers.map(({ id, state }) => [state, printable(`tier ${id}`)]),
            look,
          ),
        ]),
    ...(declined.length === 0
      ? []
      : [
          '',
          ...table(
            declined.map((one) => ['declined', printable(one)]),
            look,
          ),
        ]),
    ...(report.reviews.length === 0
      ? []
      : [
          '',
          ...table(
            report.reviews.map((one) => ['review', printable(truncate(explainReview(one), 400))]),
            look,
          ),
        ]),
    ...(report.notProven.length === 0
      ? []
      : [
          '',
          ...table(
            report.notProven.map(({ relation, reason }) => ['not proven', printable(`${relation}: ${reason}`)]),
            look,
          ),
        ]),
    ...(report.uncounted.length === 0
      ? []
      : [
          '',
          ...table(
            report.uncounted.map(({ kind, index, why }) => [
              'not counted',
              printable(`${kind}, entry ${index}: ${why}`),
            ]),
            look,
          ),
        ]),
    ...(report.whose === '' ? [] : ['', ...table([['counts', printable(report.whose)]], look)]),
    ...(report.next.length + report.meanwhile.length === 0 ? [] : ['']),
    ...table(
      [
        ...report.next.map((item) => ['next', printable(item)]),
        ...report.meanwhile.map((item) => ['meanwhile', printable(item)]),
      ],
      look,
    ),
  ].join('\n');
}
