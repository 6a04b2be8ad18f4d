import { formatDuration, type Milliseconds, printable } from '../core/index.ts';
import { type Citation, type Report, type Status } from './report.ts';
import { unprovenOf } from './unproven.ts';

/** Each status with its mark, for people who look before they read. */
export const marks: Readonly<Record<Status, string>> = {
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
  const { readiness, execution, blockers } = report;
  const parts = [
    `# ${asText(report.release.title)} — Final Release GO/NO-GO (${report.at.slice(0, 10)})`,
    `Release ${asText(report.release.name)}, database ${asText(report.release.database)}, seal \`${report.release.seal}\`, ${report.at}.`,
    section(
      'Classification matrix',
      table(
        ['Component', 'Status', 'Evidence'],
        report.components.map((row) => [
          asText(row.component),
          marks[row.status],
          [asText(row.evidence), ...row.citations.map(link)].join(' '),
        ]),
      ),
    ),
    section(
      'Overall verdict',
      [
        `**RELEASE READINESS: ${readiness.status}**${readiness.status === 'GO' ? ' (engineering-complete, execution-proven).' : ''}`,
        list(readiness.reasons),
        execution.status === 'GO'
          ? '**PRODUCTION EXECUTION: GO**'
          : execution.status === 'DONE'
            ? `**PRODUCTION EXECUTION: DONE**: ${execution.reasons.map(asText).join('; ')}. Nothing is left to roll out.`
            : `**PRODUCTION EXECUTION: NO-GO until** this is resolved: ${execution.reasons.map(asText).join('; ')}.`,
      ]
        .filter((part) => part !== '')
        .join('\n\n'),
    ),
    section(blockers.length === 1 ? 'The single blocker' : 'The blockers', list(blockers)),
    section('Tiers', report.tiers.map(({ id, state }) => `- ${asText(id)}: ${state}`).join('\n')),
    section('Forbidden-compliance', list(report.compliance)),
    section(
      'Rehearsal facts',
      table(
        ['Tier', 'Steps', 'Time', 'Rows', 'Locks', 'Rewritten', 'Remarks'],
        report.tiers.map((tier) => [
          asText(`${tier.id}: ${tier.title}`),
          String(tier.steps),
          tier.durationMs === null ? 'not reached' : formatDuration(tier.durationMs as Milliseconds),
          tier.rows === null ? '' : String(tier.rows),
          asText(tier.locks.join(', ')),
          asText(tier.rewritten.join(', ')),
          asText(
            [
              ...tier.gates.map(({ title, state }) => `gate before it: ${title} (${state})`),
              ...(tier.barred === null ? [] : [`barred: ${tier.barred}`]),
              ...(tier.oneWay === null ? [] : [`one-way: ${tier.oneWay}`]),
            ].join('; '),
          ),
        ]),
      ),
    ),
    section('What the rehearsal found', list(report.findings)),
    section('Not proven', list(unprovenOf(report))),
    section(
      'Reviews (advisory)',
      list(report.reviews.map(({ by, finding, text: said }) => `${by} ${finding}: ${said}`)),
    ),
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
        report.uncounted
          .map((one) => `- ${link(one)} ${one.recordedAt} entry ${one.index}, not counted: ${asText(one.why)}`)
          .join('\n') || 'None.',
      ].join('\n\n'),
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

function section(title: string, body: string): string {
  return `## ${title}\n\n${body}`;
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

/** Shows a text of others as text: every character that Markdown or HTML could read as markup; a colon, an at sign and `www.` also make links by themselves. */
export function asText(hostile: string): string {
  return printable(hostile)
    .replace(/[\\`*{}[\]()#+!|~_]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/:\/\//g, '&#58;//')
    .replace(/@/g, '&#64;')
    .replace(/www\./gi, (match) => `${match.slice(0, 3)}&#46;`);
}
