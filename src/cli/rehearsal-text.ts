import { formatDuration, type Milliseconds, printable } from '../core/index.ts';
import { madeRelations } from '../dossier/index.ts';
import { explainNoticed } from '../fingerprint/index.ts';
import {
  blockedBy,
  explainProof,
  explainRole,
  explainRows,
  heldWith,
  lockName,
  ofWhich,
  type Rehearsal,
  type RehearsalEvent,
  type StageResult,
} from '../rehearsal/index.ts';
import { indented, type TextLayout, painted, table, type Timing, timingText, withEnd } from './text/index.ts';

/** A rehearsal for people: its stages, the proof, the longest lock, what is not proven, and last the verdict. */
export function rehearsalText(rehearsal: Rehearsal, look: TextLayout): string {
  const { outcome, release, startedAt, endedAt, clone } = rehearsal;
  const took = formatDuration((Date.parse(endedAt) - Date.parse(startedAt)) as Milliseconds);
  return [
    ...rehearsal.stages.flatMap((stage) => stageLines(stage, look)),
    '',
    ...table(
      [
        ...roleFacts(rehearsal),
        ...proofFacts(rehearsal),
        ...lockFacts(rehearsal),
        ...rowFacts(rehearsal),
        ...otherFacts(rehearsal),
      ],
      look,
    ),
    // not broken into lines: it is there to be copied
    ...(clone.kept === null ? [] : ['', 'the clone is kept; to connect:', `  ${printable(clone.kept)}`]),
    '',
    `${painted(outcome.toUpperCase(), look.paint)}  ${printable(release)}, rehearsed in ${took}`,
  ].join('\n');
}

/** One stage that has ended, as a line: how it went, its name, its time, its statements. */
export function stageLine(
  { stage, outcome, durationMs }: Pick<StageResult, 'stage' | 'outcome' | 'durationMs'>,
  count: string,
): readonly string[] {
  return [outcome, stage.padEnd(13), formatDuration(durationMs as Milliseconds).padStart(9), count];
}

function stageLines({ problems, steps, ...stage }: StageResult, look: TextLayout): readonly string[] {
  const count = steps.length === 0 ? '' : `${steps.length} statement${steps.length === 1 ? '' : 's'}`;
  return [...table([stageLine(stage, count)], look), ...problems.flatMap((problem) => problemLines(problem, look))];
}

function problemLines(
  { code, problem, fix, place, detail = [] }: StageResult['problems'][number],
  { columns, paint }: TextLayout,
): readonly string[] {
  const where =
    place === undefined ? '' : `${[place.file, place.line].filter((part) => part !== undefined).join(':')}: `;
  const [first = '', ...others] = indented(`${code}: ${printable(where + problem)}`, { indent: 8, columns });
  return [
    first.replace(code, () => paint.bad(code)),
    ...others,
    // not broken into lines: they are SQL
    ...detail.map((line) => `          ${printable(line)}`),
    ...indented(`fix: ${printable(fix)}`, { indent: 8, columns }),
  ];
}

type Facts = readonly (readonly [name: string, text: string])[];

function roleFacts({ role }: Rehearsal): Facts {
  if (role === undefined || role === null) return [];
  return [
    ['role', printable(explainRole(role))],
    ...(role.fix === null ? [] : [['', `fix: ${printable(role.fix)}`] as const]),
  ];
}

function proofFacts({ proof, stages, problems }: Rehearsal): Facts {
  if (proof === null) {
    const failed = stages.find(({ outcome }) => outcome === 'failed');
    const why = failed === undefined ? 'there is no complete rollback' : `the stage ${failed.stage} failed`;
    return [['proof', `none: ${why}`]];
  }
  const { logical, strict, objects, differenceCount, notProven } = proof;
  const isProven = notProven.length === 0 && !problems.some(({ code }) => code === 'PROOF_INCOMPLETE');
  const verdict = logical === strict ? `schema and rows ${logical}` : `schema and rows ${logical}, strictly ${strict}`;
  return [
    ['proof', `${verdict} after the rollback; ${differenceCount} difference${differenceCount === 1 ? '' : 's'}`],
    [
      '',
      `${objects.toLocaleString('en-US')} objects; ${explainProof(proof)}${isProven ? '; everything is proven' : ''}`,
    ],
    ...notProven.map(({ relation, reason }) => ['not proven', printable(`${relation}: ${reason}`)] as const),
  ];
}

/** The longest lock of the forward run on an existing relation for which reads or writes of others would wait. */
function lockFacts({ stages, barred, changes, gateSchema }: Rehearsal): Facts {
  const made = madeRelations({ changes });
  const steps = stages.find(({ stage }) => stage === 'forward')?.steps ?? [];
  const [longest] = steps
    .filter(({ tier }) => !barred.includes(tier))
    .flatMap(({ tier, locks, gateMs }) => locks.map((lock) => ({ tier, ...heldWith(lock, gateMs) })))
    .filter(
      ({ age, mode, relation }) => age === 'existing' && !made.has(relation) && blockedBy(mode) !== 'schema changes',
    )
    .toSorted((one, other) => other.heldMs - one.heldMs);
  if (longest === undefined) return [['longest lock', 'no lock that other readers or writers would wait for']];
  const { mode, relation, heldMs, gateMs, tier } = longest;
  const inWords = (ms: number): string => formatDuration(ms as Milliseconds);
  const held = `${inWords(heldMs)}${ofWhich(gateMs, inWords)}`;
  const text = `${held}: ${lockName(mode)} on ${relation} in ${tier}; meanwhile ${blockedBy(mode)} of others wait`;
  const why = gateSchema === null ? 'the copy has no gate' : 'the rehearsal ended before that';
  return [
    ['longest lock', printable(text)],
    ...(gateMs === null ? [['', `in a rollout the gate's own checks add time: not measured, ${why}`] as const] : []),
  ];
}

/** What happens to rows and objects and is easily missed. */
function rowFacts({ changes }: Rehearsal): Facts {
  const { emptied, unmatched, behind, skipped } = explainRows(changes);
  const lost = (changes?.lost ?? []).map(({ kind, name, what, by }) => `${kind} ${name} (${by}): ${what.join(', ')}`);
  const named = (name: string, texts: readonly string[]): Facts => texts.map((text) => [name, printable(text)]);
  return [
    ...named('emptied', emptied),
    ...named('no row', unmatched),
    ...named('skipped', skipped),
    ...named('behind', behind),
    ...named('lost', lost),
  ];
}

function otherFacts({ options, problems, stages, noticed = [] }: Rehearsal): Facts {
  const shown = new Set(stages.flatMap((stage) => stage.problems.map(({ problem }) => problem)));
  return [
    ...options.map(({ option, outcome, problems: [first] }): [string, string] => [
      'option',
      printable(`${option} ${outcome}${first === undefined ? '' : `: ${first.problem}`}`),
    ]),
    ...problems
      .filter(({ problem }) => !shown.has(problem))
      .map(({ code, problem }): [string, string] => ['problem', `${code}: ${printable(problem)}`]),
    ...noticed.map((one): [string, string] => ['noticed', explainNoticed(one)]),
  ];
}

/** The progress of a rehearsal, from its reports. */
export interface RehearsalCourse {
  readonly over: readonly {
    readonly stage: string;
    readonly outcome: 'passed' | 'failed';
    readonly durationMs: number;
  }[];
  readonly now: { readonly stage: string; readonly step: string | null };
}

/** The course after one more event; `ms` since the stage was started. */
export function follow(course: RehearsalCourse, event: RehearsalEvent, ms: number): RehearsalCourse {
  if (event.state === 'step') {
    const { tier, direction, n, of, title } = event;
    const step = `${tier} ${direction}, ${n} of ${of}: ${title}`;
    return { ...course, now: { ...course.now, step } };
  }
  const { stage, state } = event;
  if (state === 'started') return { ...course, now: { stage, step: null } };
  return { ...course, over: [...course.over, { stage, outcome: state, durationMs: ms }] };
}

/** A rehearsal at work: the stages that are over, and where it is. */
export function courseLines({ over, now }: RehearsalCourse, timing: Timing, look: TextLayout): readonly string[] {
  const { columns, paint } = look;
  const where = printable(now.step === null ? now.stage : `${now.stage}: ${now.step}`);
  return [
    ...over.map(({ stage, outcome, durationMs }) => {
      const time = formatDuration(durationMs as Milliseconds).padStart(9);
      const line = `${painted(outcome, paint)}  ${stage.padEnd(13)}  ${time}`;
      return columns < 40 ? `${painted(outcome, paint)}  ${stage}` : line;
    }),
    paint.quiet(withEnd(`now     ${where}`, timingText(timing), columns)),
  ];
}
