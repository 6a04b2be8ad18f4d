import { userInfo } from 'node:os';
import { formatDuration, type Milliseconds, OneRoofError, printable, stated } from '../../core/index.ts';
import { goldenStage, rehearsalStage } from '../../pipeline.io.ts';
import { type CloneHost, withHost } from '../../clone/index.ts';
import {
  type AgainstProduction,
  compareGolden,
  explainProduction,
  type RehearsalEvent,
  staleGolden,
} from '../../rehearsal/index.ts';
import { type Target } from '../../setup/index.ts';
import { type TimedParts, leftOf, stagesOf } from '../../activity/index.ts';
import { reported, narrateRehearsal } from '../activity.io.ts';
import { sameFor } from '../next-command.ts';
import { isLive, lookOf } from '../output.io.ts';
import { courseLines, follow, type RehearsalCourse, rehearsalText } from '../rehearsal-text.ts';
import { sayUnheard } from '../unheard.io.ts';
import { openWork, targetFor } from '../work.io.ts';
import { requireLoopbackFor } from '../../gate/index.ts';
import { rehearsalFindings } from '../finding.ts';
import { typedOf } from '../typed-line.ts';
import { type Context, type CommandRun } from '../verb.ts';
import { copyText } from '../text/index.ts';

/** Rehearses a sealed release on a clone; exit 1 where the rehearsal failed. */
export const run: CommandRun = async (context) => {
  const { terminal, signal, options } = context;
  const keep = keepOf(options['keep']);
  const work = await openWork(context);
  const { setup, sealed, store } = work;
  const course = { sealed, store };
  await requireLoopbackFor(sealed.release, targetFor(setup, context));
  await sayUnheard(context, work, { kind: 'rehearsal', target: targetFor(setup, context).name });
  const activity = { ...work, kind: 'rehearsal', target: 'a clone', courseOf: stagesOf } as const;
  return withHost(setup, (host) =>
    reported(context, activity, async (reporter, expected) => {
      if (options['golden'] === true || (await host.golden()) === null) {
        reporter.tell({ stage: 'golden' });
        const began = performance.now();
        const golden = await goldenStage(course, host, {
          signal,
          onProgress: ({ done, total }) =>
            terminal.progress(copyText({ done, total, spentMs: performance.now() - began })),
        });
        terminal.say(
          `golden generation ${golden.generation} taken (${golden.method}, ${formatDuration(golden.durationMs as Milliseconds)})`,
        );
      }
      const production = await against(context, { host, target: targetFor(setup, context) });
      const see = watcher(context, expected);
      const rehearsal = await rehearsalStage(course, host, {
        owner: userInfo().username,
        signal,
        ...(production === null ? {} : { production }),
        ...(options['full'] === true ? { full: true as const } : {}),
        keep,
        onProgress: (event) => {
          see(event);
          narrateRehearsal(reporter, event);
        },
      });
      const passed = rehearsal.outcome === 'passed';
      return {
        exit: passed ? 0 : 1,
        schema: 'oneroof/rehearsal/1',
        data: { rehearsal: rehearsalFindings(rehearsal, typedOf(context)) },
        text: rehearsalText(rehearsal, lookOf('stdout')),
        next: passed
          ? sameFor(context, 'gate')
          : `fix the release, then ${sameFor(context, 'seal')}, and rehearse again`,
      };
    }),
  );
};

/** Compares the golden copy with production now; a copy that differs needs an option. */
async function against(
  { terminal, options }: Context,
  of: { readonly host: CloneHost; readonly target: Target },
): Promise<AgainstProduction | null> {
  const golden = await of.host.golden();
  if (golden === null) return null;
  const production = await compareGolden({ ...of, golden });
  const stale = staleGolden(golden, production);
  if (stale !== null && options['stale'] !== true) throw stale;
  if (stale !== null || production.compared === 'no') terminal.say(explainProduction(production));
  return production;
}

function keepOf(value: unknown): 'never' | 'failed' | 'always' {
  if (value === undefined) return 'failed';
  if (value === 'never' || value === 'failed' || value === 'always') return value;
  throw new OneRoofError('USAGE', {
    ...stated`--keep ${{ value: printable(String(value)) }} is not valid: expected never, failed or always`,
    fix: 'for example: --keep failed',
  });
}

/** Without a line for this long, a log looks as if nothing happened. Milliseconds. */
const patience = 10_000;

/** Shows the progress of a rehearsal on a terminal, and the remaining time from the last one; in a log it prints it from time to time. */
function watcher({ terminal }: Context, expected: TimedParts | null): (event: RehearsalEvent) => void {
  const begun = performance.now();
  let [since, saidAt] = [begun, begun];
  let course: RehearsalCourse = { over: [], now: { stage: 'clone', step: null } };
  terminal.progress((look) => {
    const now = performance.now();
    const leftMs = expected === null ? null : leftOf(expected, { part: course.now.stage, forMs: now - since });
    return courseLines(course, { spentMs: now - begun, leftMs }, look);
  });
  return (event) => {
    const ms = performance.now() - since;
    course = follow(course, event, ms);
    const now = performance.now();
    if (event.state === 'started') since = now;
    if (isLive || event.state === 'step' || now - saidAt < patience) return;
    saidAt = now;
    terminal.say(`${event.stage} ${event.state} after ${formatDuration((now - begun) as Milliseconds)}`);
  };
}
