import { type Activity, waitingText, whereText } from '../../activity/index.ts';
import { type ActivityView, type RecordedView } from '../../browser/index.ts';
import { printable } from '../../core/index.ts';
import type { News } from './hub.io.ts';

/** Writes an activity as text. */
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
  const data: RecordedView = { index, kind, digest, recordedAt };
  return { event: 'recorded', id: String(index), data };
}
