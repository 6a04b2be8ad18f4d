import { type Activity, waitingText, whereText } from '../../activity/index.ts';
import { printable } from '../../core/index.ts';
import type { News } from './hub.io.ts';

/** An activity as a page shows it: words that are safe to show as text. */
export interface ActivityView {
  readonly id: string;
  readonly state: Activity['state'];
  /** E.g. `rollout of production`. */
  readonly what: string;
  readonly where: string;
  /** For a screen reader: it changes with the tier, not with each statement. */
  readonly said: string;
  readonly waiting: string;
  readonly step: { readonly n: number; readonly of: number } | null;
  readonly startedAt: string;
  readonly elapsedMs: number;
  readonly leftMs: number | null;
  readonly note: string;
}

/** Says an activity in words. */
export function activityView(activity: Activity): ActivityView {
  const { id, state, kind, target, step, startedAt, elapsedMs, leftMs, waitingFor, tier, stage, note } = activity;
  const what = kind === 'rehearsal' ? `rehearsal on ${target}` : `${kind} of ${target}`;
  const at = state !== 'running' ? '' : tier !== null ? `, tier ${tier}` : stage !== null ? `, ${stage}` : '';
  const waits = waitingFor.length === 0 ? '' : `, waits for ${waitingFor.length === 1 ? 'a session' : 'sessions'}`;
  return {
    id,
    state,
    what: printable(what),
    where: printable(whereText(activity)),
    said: printable(`${what}: ${state}${at}${waits}`),
    waiting: printable(waitingFor.map(waitingText).join('; ')),
    step: step === null ? null : { n: step.n, of: step.of },
    startedAt,
    elapsedMs,
    leftMs,
    note: printable(note ?? ''),
  };
}

/** What is sent for a piece of news. */
export function newsView(news: News): { readonly event: string; readonly id: string | null; readonly data: object } {
  if (news.event === 'activity') return { event: 'activity', id: null, data: activityView(news.activity) };
  const { index, kind, digest, recordedAt } = news.entry;
  return { event: 'recorded', id: String(index), data: { index, kind, digest, recordedAt } };
}
