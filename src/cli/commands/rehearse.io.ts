import { userInfo } from 'node:os';
import { formatDuration, type Milliseconds, OneRoofError, printable } from '../../core/index.ts';
import { goldenStage, rehearsalStage } from '../../pipeline.io.ts';
import { type RehearsalEvent } from '../../rehearsal/index.ts';
import { type Course, leftOf, stagesOf } from '../../activity/index.ts';
import { reported, tellRehearsal } from '../activity.io.ts';
import { sameFor } from '../next.ts';
import { isLive, lookOf } from '../output.io.ts';
import { courseLines, follow, type RehearsalCourse, rehearsalText } from '../rehearsal-text.ts';
import { sayUnheard } from '../unheard.io.ts';
import { openWork, targetFor, withHost } from '../work.io.ts';
import { type Context, type Run } from '../verb.ts';

/** Rehearses a sealed release on a clone; exit 1 where the rehearsal failed. */
export const run: Run = async (context) => {
  const { terminal, signal, options } = context;
  const keep = keepOf(options['keep']);
  const work = await openWork(context);
  const { setup, sealed, store } = work;
  const course = { sealed, store };
  await sayUnheard(context, work, { kind: 'rehearsal', target: targetFor(setup, context).name });
  const activity = { ...work, kind: 'rehearsal', target: 'a clone', courseOf: stagesOf } as const;
  return withHost(setup, (host) =>
    reported(context, activity, async (reporter, expected) => {
      if (options['golden'] === true || (await host.golden()) === null) {
        reporter.tell({ stage: 'golden' });
        const golden = await goldenStage(course, host, {
          signal,
          onProgress: ({ done, total }) =>
            terminal.progress(
              `golden: ${Math.round((100 * done) / Math.max(total, 1))} % of ${Math.round(total / 1e6)} MB`,
            ),
        });
        terminal.say(
          `golden generation ${golden.generation} taken (${golden.method}, ${formatDuration(golden.durationMs as Milliseconds)})`,
        );
      }
      const see = watcher(context, expected);
      const rehearsal = await rehearsalStage(course, host, {
        owner: userInfo().username,
        signal,
        ...(options['full'] === true ? { full: true as const } : {}),
        keep,
        onProgress: (event) => {
          see(event);
          tellRehearsal(reporter, event);
        },
      });
      const passed = rehearsal.outcome === 'passed';
      return {
        exit: passed ? 0 : 1,
        schema: 'oneroof/rehearsal/1',
        data: { rehearsal },
        text: rehearsalText(rehearsal, lookOf('stdout')),
        next: passed
          ? sameFor(context, 'gate')
          : `mend the release, then ${sameFor(context, 'seal')}, and rehearse again`,
      };
    }),
  );
};

function keepOf(value: unknown): 'never' | 'failed' | 'always' {
  if (value === undefined) return 'failed';
  if (value === 'never' || value === 'failed' || value === 'always') return value;
  throw new OneRoofError('USAGE', {
    problem: `--keep ${printable(String(value))} is not known`,
    fix: 'one of: --keep never, --keep failed, --keep always',
  });
}

/** A log that is silent for longer looks as if nothing went on. Milliseconds. */
const patience = 10_000;

/** Shows on a terminal where a rehearsal is, and what is left by what the last one took; in a log it says so now and then. */
function watcher({ terminal }: Context, expected: Course | null): (event: RehearsalEvent) => void {
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
