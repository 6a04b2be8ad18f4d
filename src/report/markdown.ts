import { asText, printable } from '../core/index.ts';
import { explainRow } from '../release/index.ts';
import { explainReview } from '../reviews/index.ts';
import { blockersOf, explainLock, measuredTime, migrationsOf } from './lists.ts';
import { type Citation, type Report, type Status, targetText } from './report.ts';
import { unprovenOf } from './unproven.ts';

/** Each status with its mark, for people who look before they read. */
export const statusMarks: Readonly<Record<Status, string>> = {
  GO: '✅ GO',
  'GO, HELD at gate': '✅ GO, HELD at gate',
  'NO-GO': '⛔ NO-GO',
  'NO-GO, REJECTED': '⛔ NO-GO, REJECTED',
  RETAINED: '✅ RETAINED',
  CLOSED: '⛔ CLOSED',
  OPEN: '✅ OPEN',
  BLOCKED: '⛔ BLOCKED',
  DONE: '✅ DONE',
};

/** Writes the report as Markdown; text of authors and agents is shown as text, never as markup. */
export function toMarkdown(report: Report): string {
  const { readiness, execution, declined = [] } = report;
  const blockers = blockersOf(report);
  const target = asText(targetText(report));
  const parts = [
    `# ${asText(report.release.title)} — Final Release GO/NO-GO on ${target} (${report.at.slice(0, 10)})`,
    `Target ${target}, release ${asText(report.release.name)}, database ${asText(report.release.database)}, seal \`${report.release.seal}\`, ${report.at}.`,
    section('The copy that was rehearsed on', list(report.copy ?? [])),
    section(
      'Classification matrix',
      table(
        ['Component', 'Status', 'Evidence'],
        report.components.map((row) => [
          asText(row.component),
          statusMarks[row.status],
          [asText(row.evidence), ...row.citations.map(link)].join(' '),
        ]),
      ),
    ),
    section(
      'Overall verdict',
      [
        `**RELEASE READINESS for ${target}: ${readiness.status}**${readiness.status === 'GO' ? ' (engineering-complete, execution-proven).' : ''}`,
        list(readiness.reasons),
        execution.status === 'GO'
          ? `**EXECUTION on ${target}: GO**`
          : execution.status === 'DONE'
            ? `**EXECUTION on ${target}: DONE**: ${execution.reasons.map(asText).join('; ')}. There is nothing more to roll out.`
            : `**EXECUTION on ${target}: NO-GO until** this is resolved: ${execution.reasons.map(asText).join('; ')}.`,
      ]
        .filter((part) => part !== '')
        .join('\n\n'),
    ),
    section(blockers.title, list(blockers.items)),
    section('Declined', list(declined)),
    section('Tiers', report.tiers.map(({ id, state }) => `- ${asText(id)}: ${state}`).join('\n')),
    section('Forbidden-compliance', list(report.compliance)),
    section(
      'Rehearsal facts',
      table(
        ['Tier', 'Steps', 'Time', 'Rows', 'Locks', 'Rewritten', 'Remarks'],
        report.tiers.map((tier) => [
          asText(`${tier.id}: ${tier.title}`),
          String(tier.steps),
          tier.durationMs === null ? 'not reached' : measuredTime(report, tier.durationMs),
          tier.rows === null ? '' : String(tier.rows),
          asText(tier.locks.map((lock) => explainLock(report, lock)).join(', ')),
          asText(tier.rewritten.join(', ')),
          asText(
            [
              ...tier.gates.map(({ title, state }) => `data gate: ${title} (${state})`),
              ...(tier.barred === null ? [] : [`barred: ${tier.barred}`]),
              ...(tier.oneWay === null ? [] : [`one-way: ${tier.oneWay}`]),
              ...(tier.outside === undefined ? [] : [tier.outside]),
            ].join('; '),
          ),
        ]),
      ),
    ),
    section('Migrations', migrations(report)),
    section('What the rehearsal found', list(report.findings)),
    section('Not proven', list(unprovenOf(report)) || 'Nothing.'),
    section('Reviews (advice: they fill no seat)', list(report.reviews.map(explainReview))),
    section('Next', list(report.next)),
    section('Meanwhile', list(report.meanwhile)),
    section('After the rollout', list(report.after.rollout)),
    section('After a rollback', list(report.after.rollback)),
    section(
      'Evidence',
      report.evidence.map((one) => `- ${link(one)} ${one.recordedAt} \`${one.digest}\``).join('\n') || 'None.',
    ),
    section(
      'Not counted',
      [
        ...(report.whose === '' ? [] : [`Whose entries count: ${asText(report.whose)}.`]),
        ...(report.uncounted.length === 0 && report.whose === ''
          ? []
          : [
              report.uncounted
                .map((one) => `- ${link(one)} ${one.recordedAt} entry ${one.index}, not counted: ${asText(one.why)}`)
                .join('\n') || 'None.',
            ]),
      ].join('\n\n'),
    ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** The files of a repository that tiers are, to compare by `sha256sum`; and the rows that they write. */
function migrations(report: Report): string {
  const all = migrationsOf(report);
  if (all.length === 0) return '';
  return table(
    ['Tier', 'Tool', 'Files and their SHA-256', 'Row of the history'],
    all.map(({ id, of }) => [
      asText(id),
      asText(of.tool),
      of.files.map(({ file, digest }) => `${asText(file)} \`${digest.slice(7)}\``).join(' '),
      asText([`${of.history}: ${explainRow(of)}`, ...(of.changes ?? [])].join('; ')),
    ]),
  );
}

/** Nothing where there is nothing under the heading. */
function section(title: string, body: string): string {
  return body === '' ? '' : `## ${title}\n\n${body}`;
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${asText(item)}`).join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function link({ kind, href }: Citation): string {
  return `[${asText(kind)}](<${encodeURI(printable(href)).replace(/[|()<>]/g, encodeURIComponent)}>)`;
}
