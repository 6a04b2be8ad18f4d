import { elapsed, formatDuration, type Milliseconds, printable } from '../core/index.ts';
import { waitingText, type Waiting } from '../activity/index.ts';
import { type Direction, type Release, type Tier } from '../release/index.ts';
import {
  type BatchesDone,
  explainHeld,
  type RolloutEvent,
  type RolloutResult,
  type Verdict,
} from '../rollout/index.ts';
import { cut, type TextLayout, painted, table, type Timing, timingText, withEnd } from './text/index.ts';

/** The result of a run, for people: the tiers that it ran, and what holds the others. */
export function rolloutText(result: RolloutResult, look: TextLayout): string {
  if (result.result === 'nothing-to-do') return 'nothing to do';
  const rows = result.tiers.map((tier) => {
    const run = result.runs.find((one) => one.tier === tier);
    if (run === undefined) return ['done', tier];
    const took = formatDuration(elapsed({ from: run.started, to: run.ended }));
    const doubt = run.replication === 'uncertain' ? [`${eventWords.uncertain}`] : [];
    return ['done', tier, took, statements(run.steps), ...doubt];
  });
  return [
    ...table(rows, look, { numbers: [2] }),
    ...(result.result === 'held' ? heldLines(result.reasons.map(explainHeld), look) : []),
  ].join('\n');
}

/** The tiers that a run would run, with their statements, what would hold it, and what only the run itself can check. */
export function planText(
  plan: readonly { readonly tier: string; readonly steps: readonly { readonly n: number; readonly title: string }[] }[],
  { decision, reasons, stops, notAsked }: Verdict,
  look: TextLayout,
): string {
  if (decision === 'DONE') return 'nothing to do';
  const lines = plan.flatMap(({ tier, steps }) => [
    look.paint.heading(tier),
    ...table(
      steps.map(({ n, title }) => [`${n}.`, printable(title)]),
      look,
      { numbers: [0], indent: 2 },
    ),
  ]);
  const held = heldLines(reasons.map(explainHeld), look);
  const stop =
    stops === null ? [] : [['stops', printable(`before tier ${stops.before}: ${explainHeld(stops.reason)}`)]];
  const unasked = decision !== 'GO' || notAsked.length === 0 ? [] : [['not asked', notAsked.join(', ')]];
  return [...lines, ...held, ...table([...stop, ...unasked], look)].join('\n');
}

function heldLines(reasons: readonly string[], look: TextLayout): readonly string[] {
  return table(
    reasons.map((reason) => ['BLOCKED', printable(reason)]),
    look,
  );
}

const statements = (count: number): string => `${count} statement${count === 1 ? '' : 's'}`;

/** The progress of a run, from its reports. */
export interface RolloutCourse {
  readonly over: readonly { readonly tier: string; readonly ms: number }[];
  readonly now: Pick<RolloutEvent, 'tier' | 'step' | 'at' | 'batched'>;
  readonly waitingFor: readonly Waiting[];
}

/** What each event says, where it is no statement. */
export const eventWords: Readonly<Record<RolloutEvent['at'], string>> = {
  attempt: 'attempt',
  enter: 'asking the gate',
  step: 'statements',
  leave: 'checking the tier',
  commit: 'commit',
  uncertain: 'committed on the primary; a synchronous standby may lack it',
  committed: 'committed',
  retry: 'waiting to try the tier again',
  waiting: 'waiting for another attempt',
  batch: 'batch',
  lagging: 'waiting for replicas',
};

/** How far a step is that runs in batches, e.g. `12 batches, 120000 of about 1000000 rows (12 %), about 40 s left`. */
export function batchesText({ batches, keys, expected, leftMs }: BatchesDone): string {
  const rows =
    expected === null
      ? `${keys} rows`
      : `${keys} of about ${Math.max(keys, expected)} rows (${Math.floor((100 * keys) / Math.max(keys, expected, 1))} %)`;
  const left = leftMs === null ? '' : `, about ${formatDuration(Math.round(leftMs) as Milliseconds)} left`;
  return `${batches} batch${batches === 1 ? '' : 'es'}, ${rows}${left}`;
}

/** What an event says, e.g. `statement 2 of 3: CREATE INDEX`. */
export function eventText(now: RolloutCourse['now'], of: Pick<Release, 'tiers'>, direction: Direction): string {
  const said = plainText(now, of, direction);
  return now.batched === undefined ? said : `${said}; ${batchesText(now.batched)}`;
}

function plainText({ at, tier, step }: RolloutCourse['now'], of: Pick<Release, 'tiers'>, direction: Direction): string {
  const steps = of.tiers.find(({ id }) => id === tier)?.[direction] ?? [];
  if ((at === 'step' || at === 'batch') && step !== null)
    return printable(`statement ${step} of ${steps.length}: ${steps[step - 1]?.title ?? ''}`);
  return step === null ? eventWords[at] : `${eventWords[at]} ${step}`;
}

/** A run at work: its tiers as a list, the one that is running with its statement and time, and who it waits for. */
export function rolloutLines(
  course: RolloutCourse,
  /** The tiers in the order in which they run. */
  of: { readonly tiers: readonly Tier[]; readonly direction: Direction; readonly timing: Timing },
  look: TextLayout,
): readonly string[] {
  const { over, now, waitingFor } = course;
  const { columns, paint } = look;
  const { tiers, direction, timing } = of;
  const width = Math.max(0, ...tiers.map(({ id }) => id.length));
  const line = (tier: Tier): readonly string[] => {
    const name = tier.id.padEnd(width);
    const done = over.find((one) => one.tier === tier.id);
    if (done !== undefined) {
      const time = formatDuration(done.ms as Milliseconds);
      return [
        withEnd(`done   ${name}  ${statements(tier[direction].length)}`, time, columns).replace('done', paint.good),
      ];
    }
    if (tier.id !== now.tier) return [paint.quiet(cut(`       ${name.trimEnd()}`, columns))];
    return [
      withEnd(`now    ${name}  ${eventText(now, { tiers }, direction)}`, timingText(timing), columns),
      ...waitingFor.map((one) =>
        cut(`waits  for ${printable(waitingText(one))}`, columns).replace('waits', (word) => painted(word, paint)),
      ),
    ];
  };
  const first =
    now.tier === null ? [withEnd(`now    ${eventText(now, { tiers }, direction)}`, timingText(timing), columns)] : [];
  return [...first, ...tiers.flatMap(line)];
}
