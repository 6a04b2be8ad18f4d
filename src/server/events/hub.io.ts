import { type Activity, type ActivityBoard } from '../../activity/index.ts';
import { type Entry, type EvidenceStore } from '../../evidence/index.ts';
import { type Pace } from './watch.io.ts';

/** What a visitor is told. */
export type News =
  | { readonly event: 'activity'; readonly activity: Activity }
  | { readonly event: 'recorded'; readonly entry: Entry };

/** One watcher for all visitors: it looks at the evidence and the board while somebody listens, and hands on what is new. */
export interface Hub {
  /** Listens for one release, or for all of them; first the newest of what is there. Returns what ends it. */
  listen(of: { readonly seal: string | null; readonly hear: (news: News) => void }): () => void;
  /** How many listen. */
  readonly listeners: number;
}

/** Two looks a second. */
const usual: Pace = { between: 500, afterFailure: 5000 };

interface Listener {
  readonly seal: string | null;
  readonly hear: (news: News) => void;
}

/** Makes the hub of a server; it ends with the signal. */
export function openHub(
  plan: { readonly store: Pick<EvidenceStore, 'head' | 'entries'>; readonly board: ActivityBoard },
  signal: AbortSignal,
  pace: Pace = usual,
): Hub {
  const listeners = new Set<Listener>();
  const activities = new Map<string, { readonly mark: string; readonly activity: Activity }>();
  const newest = new Map<string, Entry>();
  let [head, last, isLooking] = ['', -1, false];
  let isFirst = true;
  let timer: NodeJS.Timeout | undefined;

  const tell = (seal: string, news: News): void => {
    for (const listener of listeners) if (listener.seal === null || listener.seal === seal) listener.hear(news);
  };
  const lookAtEvidence = async (): Promise<void> => {
    const now = await plan.store.head();
    if (now === head) return;
    const entries = await plan.store.entries();
    // only once they were read: a look that failed is made again
    head = now;
    for (const entry of entries.slice(last + 1)) {
      newest.set(entry.seal, entry);
      if (!isFirst) tell(entry.seal, { event: 'recorded', entry });
    }
    last = entries.length - 1;
  };
  const lookAtBoard = async (): Promise<void> => {
    const all = await plan.board.all();
    for (const activity of all) {
      const mark = markOf(activity);
      if (activities.get(activity.id)?.mark === mark) continue;
      activities.set(activity.id, { mark, activity });
      if (!isFirst) tell(activity.seal, { event: 'activity', activity });
    }
    const ids = new Set(all.map(({ id }) => id));
    for (const id of activities.keys()) if (!ids.has(id)) activities.delete(id);
  };
  const greet = ({ seal, hear }: Listener): void => {
    for (const { activity } of activities.values())
      if (seal === null || activity.seal === seal) hear({ event: 'activity', activity });
    const entry = seal === null ? undefined : newest.get(seal);
    if (entry !== undefined) hear({ event: 'recorded', entry });
  };
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    clearTimeout(timer);
    let wait = pace.between;
    try {
      await lookAtEvidence();
      await lookAtBoard();
      if (isFirst) for (const listener of listeners) greet(listener);
      isFirst = false;
    } catch {
      // a page that is asked for says what is wrong; here the next look tries again
      wait = pace.afterFailure;
    }
    isLooking = false;
    if (listeners.size === 0 || signal.aborted) isFirst = true;
    else timer = setTimeout(() => void look(), wait).unref();
  };
  return {
    listen: (listener) => {
      const one = { ...listener };
      listeners.add(one);
      if (!isFirst) greet(one);
      else void look();
      return () => void listeners.delete(one);
    },
    get listeners() {
      return listeners.size;
    },
  };
}

/** Changes with all that is worth telling; a heartbeat alone is not. */
function markOf({ state, stage, tier, step, waitingFor, note }: Activity): string {
  return JSON.stringify([state, stage, tier, step, waitingFor, note]);
}
