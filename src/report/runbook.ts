import { type AfterStep } from '../release/index.ts';
import { explainRefusal } from '../gate/index.ts';
import { asText } from './markdown.ts';
import {
  block,
  commandOf,
  gatedTiers,
  holdPointsOf,
  type Occasion,
  said,
  type Standing,
  standingOf,
} from './occasion.ts';
import { explain } from './reason.ts';
import { refusals } from './refusals.ts';

/** Writes the Markdown that a person at night follows: what this is, what holds now, the commands in order, the way back, each refusal. */
export function toRunbook(occasion: Occasion): string {
  const { sealed, target, report } = occasion;
  const { release, seal } = sealed;
  const standing = standingOf(occasion);
  const statement = standing.cycle === null ? [] : ['--statement', standing.cycle.statement];
  const line = (verb: string, more: readonly string[] = []): string =>
    commandOf(occasion, { verb, onTarget: true, more });
  const rollout = (more: readonly string[] = []): string => line('rollout', [...more, ...statement]);
  const parts = [
    `# Runbook: ${asText(release.name)} on ${asText(target)}`,
    [
      `Title: ${asText(release.title)}`,
      `Database ${asText(release.database)}. Written ${report.at}; what is below is of that moment.`,
      `Seal: \`${seal}\``,
    ].join('\n\n'),
    section('Now', now(occasion, standing)),
    section(
      '1. Look',
      [
        'Each of these only looks. Go on where all of them end with exit status 0; the seal must be the one above.',
        block([commandOf(occasion, { verb: 'seal --check' }), line('gate'), rollout(['--dry-run'])]),
      ].join('\n\n'),
    ),
    section(
      '2. Roll out',
      [
        'Only while the gate is open; where it is closed, the command changes nothing and says why. Exit status 0: done. 1: held, with the reasons.',
        ...gatedTiers(occasion).map(({ tier, before, why }) =>
          [
            `Before tier ${asText(tier.id)} stands: ${why.map(asText).join('; ')}. To stop there, look, and go on through it (half-way the values of the beginning no longer hold: of \`oneroof gate\`, only the line of this data gate counts there):`,
            block([
              ...(before === null ? [] : [rollout(['--through', before])]),
              line('gate'),
              rollout(['--through', tier.id]),
            ]),
          ].join('\n\n'),
        ),
        'All that is left, from where the database stands:',
        block([rollout()]),
      ].join('\n\n'),
    ),
    section('3. After the rollout', after(release.after.rollout)),
    section(
      'Watch',
      [
        'The command names each tier as it is committed. From another terminal, at any time, without changing anything:',
        block([rollout(['--dry-run']), line('verify'), commandOf(occasion, { verb: 'log' })]),
      ].join('\n\n'),
    ),
    section(
      'Stop',
      'Ctrl-C is safe: the tier that is running is undone as a whole, those before it stay. Where its COMMIT is on disk and waits for a standby, it cannot be undone any more, and the command says so: mend the standby first. The same command again goes on from where the database stands. A lost connection or a killed process is the same.',
    ),
    section(
      'The way back',
      [
        wayBack(occasion, standing),
        ...release.tiers
          .filter(({ barred, oneWay }) => barred === null && oneWay !== null)
          .map(({ id, oneWay }) => `Tier ${asText(id)} has no way back: ${asText(oneWay ?? '')}`),
        'It goes last tier first, from where the database stands, also from half way. Look first, then go:',
        block([line('rollback', ['--dry-run', ...statement]), line('rollback', statement)]),
        'After a rollback:',
        after(release.after.rollback),
      ].join('\n\n'),
    ),
    section(
      'When it is refused',
      [
        'A refusal changes nothing. It reads `code: text`; where another text stands, its hint says what to do.',
        table(Object.entries(refusals).map(([code, { means, next }]) => [`\`${code}\``, means, next])),
      ].join('\n\n'),
    ),
    section(
      'Never by hand',
      [
        '- No SQL of this release in psql, no matter how small: what the gate did not run, it does not know of.',
        '- No change in schema `gate`, its roles or their passwords; no row of it written or deleted.',
        '- No change of data or of the clock so that a gate opens.',
        '- No edit of the sealed release: another byte is another release, which nobody has ratified.',
        '- No session ended, no prepared transaction finished, unless its owner says so.',
        '- Nothing after an unknown outcome (`ROLLOUT_UNKNOWN`) before a person has looked where its hint says.',
      ].join('\n'),
    ),
    section('Evidence', evidence(occasion)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function section(title: string, body: string): string {
  return `## ${title}\n\n${body}`;
}

function now(occasion: Occasion, standing: Standing): string {
  const { readiness } = occasion.report;
  const { cycle } = standing;
  return [
    gateText(standing),
    `Readiness: ${readiness.status}.`,
    ...(cycle === null
      ? [
          occasion.ratifications.state === 'read'
            ? 'Ratification: none.'
            : 'Ratification: not known; nor is what was done.',
        ]
      : [
          `Ratification: \`${cycle.statement}\`, signed by ${cycle.persons.map(asText).join(', ') || 'nobody who counts'}.`,
          `Done: ${cycle.done.map(({ tier, direction }) => `${asText(tier)} ${direction}`).join(', ') || 'nothing'}.`,
        ]),
    ...holdPointsOf(occasion).map(
      ({ opens, closed }) =>
        `Hold point before ${asText(opens.tier)}: ${closed.up === null ? 'ratified' : asText(explainRefusal(closed.up))}.`,
    ),
  ].join('\n\n');
}

function gateText(standing: Standing): string {
  switch (standing.gate) {
    case 'open':
      return `**GATE: OPEN.** The next tier is ${asText(standing.next)}.`;
    case 'done':
      return "**DONE.** Every tier that may run is done by the gate's own rows, and schema and invariants hold. There is nothing to roll out: go on at 3.";
    case 'closed':
      return `**GATE: CLOSED.** Nothing is rolled out until each of these is resolved:\n\n${list(standing.reasons.map(explain))}`;
    default:
      return standing satisfies never;
  }
}

function wayBack({ ratifications }: Occasion, { cycle }: Standing): string {
  if (ratifications.state === 'unread') return 'Not known: the gate could not be asked. It may stand half-way.';
  if (cycle === null) return 'Closed: there is no ratification, so nothing of it was rolled out.';
  return cycle.closed.down === null ? 'Open.' : `Closed: ${asText(explainRefusal(cycle.closed.down))}.`;
}

function after(steps: readonly AfterStep[]): string {
  if (steps.length === 0) return 'Nothing: the release names no further step.';
  return steps
    .map(
      ({ title, run }, index) =>
        `${index + 1}. ${asText(title)}${run === null ? '' : `. Its command, as the release has it: ${asText(said(run))}`}`,
    )
    .join('\n');
}

function evidence({ report }: Occasion): string {
  const lines = report.evidence.map(({ kind, digest, recordedAt }) => `- ${asText(kind)} ${recordedAt} \`${digest}\``);
  return lines.join('\n') || 'None is recorded.';
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${asText(item)}`).join('\n');
}

function table(rows: readonly (readonly string[])[]): string {
  return [['Code', 'Means', 'Next'], ['---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
