import { type AfterStep, explainOutside, explainProbe, type Tier } from '../release/index.ts';
import { explainRefusal } from '../gate/index.ts';
import { asText } from '../core/index.ts';
import {
  block,
  commandOf,
  gatedTiers,
  holdPointsOf,
  type ReleaseContext,
  said,
  type ReleaseState,
  standingOf,
} from './release-context.ts';
import { refusals, verdictOf } from '../rollout/index.ts';
import { explain } from './report-reason.ts';

/** Writes the runbook for a person at night, as Markdown: what this is, the present state, the commands in order, the rollback, each refusal. */
export function toRunbook(occasion: ReleaseContext): string {
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
      `Database ${asText(release.database)}. Written ${report.at}; this page shows the state at that time.`,
      `Seal: \`${seal}\``,
    ].join('\n\n'),
    section('Now', now(occasion, standing)),
    section(
      '1. Check',
      [
        'These commands only read. Go on only if all of them end with exit status 0. The seal must be the one above.',
        block([commandOf(occasion, { verb: 'seal --check' }), line('gate'), rollout(['--dry-run'])]),
      ].join('\n\n'),
    ),
    section(
      '2. Roll out',
      [
        'Run this while the gate is open. If the gate is closed, the command changes nothing and says why. Exit status 0: done. 1: held, with the reasons.',
        ...gatedTiers(occasion).map(({ tier, before, why }) =>
          [
            `Before tier ${asText(tier.id)} there is a ${why.map(asText).join('; ')}. To stop there, check, and go on through it (half way, the greenfield values no longer hold: in \`oneroof gate\`, only the line of this data gate counts):`,
            block([
              ...(before === null ? [] : [rollout(['--through', before])]),
              line('gate'),
              rollout(['--through', tier.id]),
            ]),
          ].join('\n\n'),
        ),
        'All remaining tiers, from the present state of the database:',
        block([rollout()]),
      ].join('\n\n'),
    ),
    section('3. After the rollout', after(release.after.rollout)),
    section(
      'Watch',
      [
        'The command names each tier when it is committed. These commands change nothing; run them at any time from another terminal:',
        block([rollout(['--dry-run']), line('verify'), commandOf(occasion, { verb: 'log' })]),
      ].join('\n\n'),
    ),
    section(
      'Stop',
      [
        'Ctrl-C is safe: the running tier is undone as a whole, and earlier tiers stay. If its COMMIT is on disk and waits for a standby, it can no longer be undone, and the command says so: fix the standby first. Run the same command again to go on from the present state of the database. A lost connection or a killed process has the same effect.',
        ...release.tiers.flatMap(outsideTier),
      ].join('\n\n'),
    ),
    section(
      'Roll back',
      [
        wayBack(occasion),
        ...release.tiers
          .filter(({ barred, oneWay }) => barred === null && oneWay !== null)
          .map(({ id, oneWay }) => `Tier ${asText(id)} is one-way and cannot be rolled back: ${asText(oneWay ?? '')}`),
        'The rollback runs the last tier first, from the present state of the database, also from half way. Check first, then run it:',
        block([line('rollback', ['--dry-run', ...statement]), line('rollback', statement)]),
        'If it stays closed because the schema changed, make a new release from the down.sql files for the present state. Rehearse and ratify it like any other release. Read and edit the files that the first command writes, then run the others:',
        block(wayOut(occasion)),
        'After a rollback:',
        after(release.after.rollback),
      ].join('\n\n'),
    ),
    section(
      'When it is refused',
      [
        'A refusal changes nothing. It has the form `code: text`. For any other message, follow its hint.',
        table(Object.entries(refusals).map(([code, { means, next }]) => [`\`${code}\``, means, next])),
      ].join('\n\n'),
    ),
    section(
      'Never by hand',
      [
        '- Do not run SQL of this release in psql, not even a small part: the gate does not know of it.',
        '- Do not change schema `gate`, its roles or their passwords; do not write or delete its rows.',
        '- Do not change data or the clock so that a gate opens.',
        '- Do not edit the sealed release: one changed byte makes another release, which no one has ratified.',
        '- Do not end a session, and do not finish a prepared transaction, unless its owner agrees.',
        '- After an unknown outcome (`ROLLOUT_UNKNOWN`), do nothing until a person has checked what its hint names.',
      ].join('\n'),
    ),
    section('Evidence', evidence(occasion)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function section(title: string, body: string): string {
  return `## ${title}\n\n${body}`;
}

function now(occasion: ReleaseContext, standing: ReleaseState): string {
  const { readiness, declined = [] } = occasion.report;
  const { cycle } = standing;
  return [
    gateText(occasion, standing),
    `Readiness: ${readiness.status}.`,
    ...(cycle === null
      ? [
          occasion.ratifications.state === 'read'
            ? 'Ratification: none.'
            : 'Ratification: unknown; the tiers that were done: unknown.',
        ]
      : [
          `Ratification: \`${cycle.statement}\`, signed by ${cycle.persons.map(asText).join(', ') || 'no person who counts'}.`,
          `Done: ${cycle.done.map(({ tier, direction }) => `${asText(tier)} ${direction}`).join(', ') || 'nothing'}.`,
          ...halfWay(occasion, cycle.statement),
        ]),
    ...declined.map((one) => `Declined by ${asText(one)}.`),
    ...holdPointsOf(occasion).map(
      ({ opens, closed }) =>
        `Hold point before ${asText(opens.tier)}: ${closed.up === null ? 'ratified' : asText(explainRefusal(closed.up))}.`,
    ),
  ].join('\n\n');
}

/** The tiers that run statement by statement of which some are committed, by the rows that were read just now. */
function halfWay({ sealed, reading }: ReleaseContext, statement: string): readonly string[] {
  const { rows } = reading;
  const cycle = rows?.state === 'read' ? rows.cycles.find((one) => one.statement === statement) : undefined;
  if (cycle === undefined) return [];
  return sealed.release.tiers.flatMap((tier) =>
    (['up', 'down'] as const).flatMap((direction) => {
      const done = cycle.steps.filter((step) => step.tier === tier.id && step.direction === direction).length;
      const isLeft = cycle.done.some((one) => one.tier === tier.id && one.direction === direction);
      const begun = cycle.batches?.find((one) => one.tier === tier.id && one.direction === direction && !one.done);
      if ((done === 0 && begun === undefined) || isLeft) return [];
      const also =
        begun === undefined
          ? ''
          : `, and ${begun.batches} batch${begun.batches === 1 ? '' : 'es'} of the next one, with ${begun.keys} rows`;
      return [
        `Half way: ${asText(tier.id)} ${direction}, ${done} of ${tier[direction].length} statements are committed${also}.`,
      ];
    }),
  );
}

/** What is other in a tier that runs outside of any transaction: what stays after an interruption, and how each statement is decided. */
function outsideTier(tier: Tier): readonly string[] {
  if (tier.transaction !== 'outside' || tier.barred !== null) return [];
  return [
    `Tier ${asText(tier.id)} runs ${explainOutside(tier) ?? ''}. Ctrl-C ends the running statement, and those before it stay. Run the same command again: it decides by the catalogue, and goes on:`,
    ...(['up', 'down'] as const).flatMap((direction) =>
      tier[direction].length === 0
        ? []
        : [
            list(
              tier[direction].flatMap(({ probe }, at) =>
                probe === undefined ? [] : [`${direction} ${at + 1}: ${explainProbe(probe)}`],
              ),
            ),
          ],
    ),
  ];
}

function gateText({ target: name }: ReleaseContext, standing: ReleaseState): string {
  const target = asText(name);
  switch (standing.gate) {
    case 'open':
      return `**GATE OF ${target}: OPEN.** The next tier is ${asText(standing.next)}.`;
    case 'done':
      return `**DONE ON ${target}.** According to the gate's own rows, every tier that may run is rolled out, and schema and invariants hold. There is nothing to roll out: go on with part 3.`;
    case 'closed':
      return `**GATE OF ${target}: CLOSED.** Nothing can be rolled out until each of these is resolved:\n\n${list(standing.reasons.map(explain))}`;
    default:
      return standing satisfies never;
  }
}

function wayBack({ sealed, ratifications }: ReleaseContext): string {
  const verdict = verdictOf({ rows: ratifications }, { sealed, direction: 'down' });
  switch (verdict.decision) {
    case 'DONE':
      return 'No part of this release is in place: there is nothing to roll back.';
    case 'GO':
      return 'Open.';
    case 'NO-GO':
      return `Closed:\n\n${list(verdict.reasons.map((reason) => `${explain(reason)}. Next: ${reason.fix}`))}`;
    default:
      return verdict satisfies never;
  }
}

/** The commands of the release that undoes this one. */
function wayOut(occasion: ReleaseContext): readonly string[] {
  const { folder, sealed } = occasion;
  const base = /^\.*\/*$/.test(folder) ? `../${sealed.release.name}` : folder.replace(/\/+$/, '');
  const back = { ...occasion, folder: `${base}-back` };
  const of = (verb: string, more: readonly string[] = []): string => commandOf(back, { verb, more });
  const on = (verb: string): string => commandOf(back, { verb, onTarget: true });
  return [
    commandOf(occasion, { verb: 'draft back', onTarget: true, more: ['--out', back.folder] }),
    of('lint'),
    of('seal'),
    of('rehearse', ['--golden']),
    on('ratify'),
    on('rollout'),
    commandOf(occasion, { verb: 'abandon', onTarget: true, more: ['--reason', `undone by ${back.folder}`] }),
  ];
}

function after(steps: readonly AfterStep[]): string {
  if (steps.length === 0) return 'Nothing: the release names no step.';
  return steps
    .map(
      ({ title, run }, index) =>
        `${index + 1}. ${asText(title)}${run === null ? '' : `. Its command in the release: ${asText(said(run))}`}`,
    )
    .join('\n');
}

function evidence({ report }: ReleaseContext): string {
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
