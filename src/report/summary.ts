import { asText, type NonEmpty, truncate } from '../core/index.ts';
import { explainRow } from '../release/index.ts';
import { explainReview, objectionsIn } from '../reviews/index.ts';
import { measuredTime, migrationsOf } from './lists.ts';
import { statusMarks } from './markdown.ts';
import { type Report, targetText } from './report.ts';
import { unprovenOf } from './unproven.ts';

/** GitHub takes 65,536 characters a comment; a reader takes much less. Characters. */
const longest = 10_000;

/**
 * Writes the reports of a release in short, as Markdown fit for a comment: first both verdicts for every target, then, target by target, what
 * blocks and the tiers with what was measured. Text of authors and agents is shown as text, never as markup, a link or a mention.
 */
export function toSummary(reports: NonEmpty<Report>, link: string | null): string {
  const [{ release }] = reports;
  const foot =
    link === null
      ? 'A comment opens no gate: people do, with a passkey.'
      : `[Read the whole report](<${encodeURI(link)}>). A comment opens no gate: people do, with a passkey.`;
  const head = [
    `### ${asText(truncate(release.title, 200))}`,
    '',
    ...reports.map(verdicts).flatMap((line) => [line, '']),
  ];
  // what a long one leaves out of itself must not be the verdict or the blockers of the next
  const room = Math.floor(longest / reports.length);
  const parts = reports.map((report) => {
    const name = reports.length === 1 ? [] : [`#### On ${asText(targetText(report))}`, ''];
    return truncate([...name, ...part(report)].join('\n'), room);
  });
  return `${[...head, ...parts.flatMap((one) => [one, '']), foot].join('\n')}\n`;
}

function verdicts(report: Report): string {
  const { release, readiness, execution, at } = report;
  return `**${asText(targetText(report))}: readiness ${statusMarks[readiness.status]}** · **execution ${statusMarks[execution.status]}** · seal \`${release.seal.slice(7, 19)}\` · ${at}`;
}

function part(report: Report): readonly string[] {
  const { readiness, execution, blockers, tiers, uncounted, reviews, declined = [] } = report;
  const unproven = unprovenOf(report);
  const oneWay = tiers.filter(({ oneWay: reason, barred }) => reason !== null && barred === null);
  return [
    ...[...new Set([...(execution.status === 'DONE' ? execution.reasons : blockers), ...readiness.reasons])]
      .slice(0, 10)
      .map((one) => `- ${asText(truncate(one, 300))}`),
    ...declined.slice(0, 5).map((one) => `- Declined by ${asText(truncate(one, 300))}`),
    ...objectionsIn(reviews)
      .slice(0, 5)
      .map((one) => `- Review by ${asText(truncate(explainReview(one), 300))}`),
    '',
    '| Tier | Statements | Time on the clone | Rows | Remarks |',
    '| --- | --- | --- | --- | --- |',
    ...tiers.slice(0, 40).map((tier) => {
      const remarks = [
        ...(tier.state === 'unknown' || tier.state === 'barred' ? [] : [tier.state]),
        ...tier.gates.map(({ title, state }) => `gate ${state}: ${truncate(title, 100)}`),
        ...(tier.barred === null ? [] : [`barred: ${truncate(tier.barred, 100)}`]),
        ...(tier.oneWay === null ? [] : [`one-way: ${truncate(tier.oneWay, 100)}`]),
        ...(tier.outside === undefined ? [] : ['outside of any transaction']),
        ...tier.rewritten.slice(0, 5).map((relation) => `rewrites ${relation}`),
      ];
      const time = tier.durationMs === null ? 'not reached' : measuredTime(report, tier.durationMs);
      return `| ${asText(tier.id)} | ${tier.steps} | ${time} | ${tier.rows ?? ''} | ${asText(remarks.join('; '))} |`;
    }),
    '',
    ...migrationsOf(report)
      .slice(0, 40)
      .map(
        ({ id, of }) =>
          `- ${asText(truncate(`${id} is ${of.tool}`, 100))}: ${of.files.map(({ file, digest }) => `${asText(truncate(file, 200))} \`${digest}\``).join(', ')}; row: ${asText(truncate(explainRow(of), 300))}`,
      ),
    ...(migrationsOf(report).length === 0 ? [] : ['']),
    unproven.length === 0
      ? `Nothing ${oneWay.length === 0 ? '' : 'that can be undone '}is unproven.`
      : `Not proven: ${asText(truncate(unproven.join('; '), 300))}.`,
    ...(oneWay.length === 0 ? [] : ['', `Cannot be undone: ${asText(oneWay.map(({ id }) => id).join(', '))}.`]),
    ...(uncounted.length === 0
      ? []
      : [
          '',
          `Not counted: ${uncounted.length} ${uncounted.length === 1 ? 'entry' : 'entries'} by keys without the right.`,
        ]),
  ];
}
