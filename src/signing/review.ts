import { elapsed, formatDuration, instant, type Instant, type Milliseconds } from '../core/index.ts';
import { type Received } from '../gate/index.ts';
import { type Policy } from '../people/index.ts';

/** From when on a signature for a release counts in one database. */
export interface ReviewTime {
  /** Null: the database has not received the release, so none counts. */
  readonly from: Instant | null;
  readonly state: 'runs' | 'ended';
  /** For people. */
  readonly text: string;
}

/**
 * The time for review: from when the database first received the release, by its clock, and not before the log said that it was sealed.
 *
 * Source  docs/RULES.md, `review`.
 */
export function reviewTime(of: {
  readonly received: Received;
  readonly sealedAt: Instant;
  readonly policy: Pick<Policy, 'window'>;
}): ReviewTime {
  const { received, sealedAt, policy } = of;
  const { review } = policy.window;
  if (received.firstSeen === null)
    return { from: null, state: 'runs', text: 'no signature counts yet: the database has not received the release' };
  const begun = received.firstSeen > sealedAt ? received.firstSeen : sealedAt;
  const from = instant(new Date(Date.parse(begun) + review));
  // the database keeps parts of a millisecond that these times do not have
  const state = elapsed({ from, to: received.now }) > 0 ? 'ended' : 'runs';
  return { from, state, text: textOf(from, review) };
}

function textOf(from: Instant, review: Milliseconds): string {
  const second = new Date(Math.ceil(Date.parse(from) / 1000) * 1000).toISOString();
  return `signatures count from ${second.slice(0, 10)} ${second.slice(11, 19)} UTC: the policy requires ${formatDuration(review)} of review since the database received the release`;
}
