import { leftOf, type TimedParts, type Waiting, waitingText } from '../activity/index.ts';
import { formatDuration, type Milliseconds, printable } from '../core/index.ts';
import { type Direction, type Tier } from '../release/index.ts';
import { type RolloutEvent } from '../rollout/index.ts';
import { isLive } from './output.io.ts';
import { eventText, type RolloutCourse, rolloutLines } from './rollout-text.ts';
import { type Context } from './verb.ts';

/** Shows the progress of a run on a terminal; otherwise prints each finished tier, and the sessions that it waits for. */
export function rolloutView(
  { terminal }: Context,
  of: { readonly tiers: readonly Tier[]; readonly direction: Direction; readonly expected: TimedParts | null },
): { readonly event: (event: RolloutEvent) => void; readonly waiting: (waitingFor: readonly Waiting[]) => void } {
  const { tiers, direction, expected } = of;
  const begun = performance.now();
  let since = begun;
  let course: RolloutCourse = { over: [], now: { at: 'attempt', tier: null, step: null }, waitingFor: [] };
  terminal.progress((look) => {
    const now = performance.now();
    const { tier } = course.now;
    const leftMs =
      expected === null || tier === null
        ? null
        : leftOf(
            expected.filter(({ part }) => tiers.some(({ id }) => id === part)),
            { part: tier, forMs: now - since },
          );
    return rolloutLines(course, { tiers, direction, timing: { spentMs: now - begun, leftMs } }, look);
  });
  return {
    event: (event) => {
      const now = performance.now();
      const { over, now: before } = course;
      const isNext = event.tier !== before.tier;
      // a tier that runs statement by statement is committed many times: it has ended when another one begins
      const done = isNext && before.tier !== null ? [...over, { tier: before.tier, ms: now - since }] : over;
      if (isNext) since = now;
      course = { ...course, now: event, over: done };
      const spent = formatDuration((now - begun) as Milliseconds);
      const line = [event.tier, eventText(event, { tiers }, direction), spent]
        .filter((part) => part !== null)
        .join('  ');
      if (event.at === 'retry' || event.at === 'uncertain' || (event.at === 'committed' && !isLive))
        terminal.say(printable(line));
    },
    waiting: (waitingFor) => {
      course = { ...course, waitingFor };
      if (!isLive) for (const one of waitingFor) terminal.say(printable(`waits for ${waitingText(one)}`));
    },
  };
}
