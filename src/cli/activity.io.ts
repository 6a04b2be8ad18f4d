import {
  type ActivityKind,
  type TimedParts,
  lastRehearsal,
  type PassedRehearsal,
  type Reporter,
  startReporter,
} from '../activity/index.ts';
import { printable } from '../core/index.ts';
import { type RehearsalEvent } from '../rehearsal/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type RolloutEvent } from '../rollout/index.ts';
import { type CommandOutcome } from './output.io.ts';
import { batchesText, eventWords } from './rollout-text.ts';
import { type Context } from './verb.ts';
import { openBoard, type ReleaseTools } from './work.io.ts';

/**
 * Does the work of a command (which is told what it should take) and tells the board beside the evidence what it does, to its end, also a bad one. Where the board fails, one
 * line says so and the work goes on.
 *
 * Errors  those of the work.
 */
export async function reported(
  { terminal }: Pick<Context, 'terminal'>,
  of: ReleaseTools & {
    readonly kind: ActivityKind;
    readonly target: string;
    readonly courseOf: (rehearsed: PassedRehearsal) => TimedParts;
  },
  work: (reporter: Reporter, expected: TimedParts | null) => Promise<CommandOutcome>,
): Promise<CommandOutcome> {
  const { setup, sealed, store, kind, target } = of;
  const { seal, release } = sealed;
  const board = openBoard(setup);
  // an estimate is worth no error
  const rehearsed = await lastRehearsal(store, { seal, release: release.name }).catch(() => null);
  const course = rehearsed === null ? null : of.courseOf(rehearsed);
  const reporter = startReporter({
    board,
    course,
    kind,
    seal,
    release: release.name,
    target,
    onTrouble: (why) => terminal.say(`the site cannot show this command: ${printable(why)}`),
  });
  try {
    const outcome = await work(reporter, course);
    const data = outcome.data as { readonly reasons?: readonly string[] };
    if (outcome.exit === 0) await reporter.end('done', null);
    else await reporter.end(kind === 'rehearsal' ? 'failed' : 'held', data.reasons?.join('; ') ?? null);
    return outcome;
  } catch (error) {
    await reporter.end('failed', error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    await board.close();
  }
}

/** Passes the reports of a rehearsal on to the board. */
export function narrateRehearsal(reporter: Reporter, event: RehearsalEvent): void {
  if (event.state === 'step') {
    const { tier, n, of, title } = event;
    reporter.tell({ tier, step: { n, of, title } });
  } else if (event.state === 'started')
    reporter.tell({ part: event.stage, stage: event.stage, tier: null, step: null });
}

/** Passes the reports of a rollout, or its rollback, on to the board. */
export function tellRollout(
  reporter: Reporter,
  { at, tier, step, batched }: RolloutEvent,
  of: { readonly sealed: SealedRelease; readonly direction: 'up' | 'down' },
): void {
  const steps = of.sealed.release.tiers.find(({ id }) => id === tier)?.[of.direction] ?? [];
  const title = step === null ? undefined : steps[step - 1]?.title;
  const isStep = at === 'step' || at === 'batch';
  const now = step === null || title === undefined || !isStep ? null : { n: step, of: steps.length, title };
  const stage = batched === undefined ? eventWords[at] : `${eventWords[at]} (${batchesText(batched)})`;
  reporter.tell({ ...(tier === null ? {} : { part: tier }), stage, tier, step: now });
}
