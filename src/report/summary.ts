import { formatDuration, type Milliseconds, truncate } from '../core/index.ts';
import { asText, marks } from './markdown.ts';
import { type Report } from './report.ts';
import { unprovenOf } from './unproven.ts';

/** GitHub takes 65,536 characters a comment; a reader takes much less. Characters. */
const longest = 10_000;

/**
 * Writes a report in short, as Markdown fit for a comment: both verdicts, what blocks, the tiers with what was measured.
 * Text of authors and agents is shown as text, never as markup, a link or a mention.
 */
export function toSummary(report: Report, link: string | null): string {
  const { release, readiness, execution, blockers, tiers, uncounted } = report;
  const unproven = unprovenOf(report);
  const oneWay = tiers.filter(({ oneWay: reason, barred }) => reason !== null && barred === null);
  const lines = [
    `### ${asText(truncate(release.title, 200))}`,
    '',
    `**Readiness ${marks[readiness.status]}** · **Production ${marks[execution.status]}** · seal \`${release.seal.slice(7, 19)}\` · ${report.at}`,
    '',
    ...[...new Set([...(execution.status === 'DONE' ? execution.reasons : blockers), ...readiness.reasons])]
      .slice(0, 10)
      .map((one) => `- ${asText(truncate(one, 300))}`),
    '',
    '| Tier | Statements | Time on the clone | Rows | Remarks |',
    '| --- | --- | --- | --- | --- |',
    ...tiers.slice(0, 40).map((tier) => {
      const remarks = [
        ...(tier.state === 'unknown' || tier.state === 'barred' ? [] : [tier.state]),
        ...tier.gates.map(({ title, state }) => `gate ${state}: ${truncate(title, 100)}`),
        ...(tier.barred === null ? [] : [`barred: ${truncate(tier.barred, 100)}`]),
        ...(tier.oneWay === null ? [] : [`one-way: ${truncate(tier.oneWay, 100)}`]),
        ...tier.rewritten.slice(0, 5).map((relation) => `rewrites ${relation}`),
      ];
      const time = tier.durationMs === null ? 'not reached' : formatDuration(tier.durationMs as Milliseconds);
      return `| ${asText(tier.id)} | ${tier.steps} | ${time} | ${tier.rows ?? ''} | ${asText(remarks.join('; '))} |`;
    }),
    '',
    unproven.length === 0
      ? `Nothing ${oneWay.length === 0 ? '' : 'that can be undone '}is left unproven.`
      : `Not proven: ${asText(truncate(unproven.join('; '), 300))}.`,
    ...(oneWay.length === 0 ? [] : ['', `Cannot be undone: ${asText(oneWay.map(({ id }) => id).join(', '))}.`]),
    ...(uncounted.length === 0
      ? []
      : [
          '',
          `Not counted: ${uncounted.length} ${uncounted.length === 1 ? 'entry' : 'entries'} by keys that may not say it.`,
        ]),
    '',
    link === null
      ? 'A comment opens no gate: people do, with a passkey.'
      : `[Read it whole](<${encodeURI(link)}>). A comment opens no gate: people do, with a passkey.`,
  ];
  return `${truncate(lines.join('\n'), longest)}\n`;
}
