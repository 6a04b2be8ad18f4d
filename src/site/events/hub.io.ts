import { type Activity, type ActivityBoard } from '../../activity/index.ts';
import { type Entry, type EvidenceStore } from '../../evidence/index.ts';
import { openLooking, type Pace } from './looking.io.ts';

/** An event for a visitor. */
export type News =
  | { readonly event: 'activity'; readonly activity: Activity }
  | { readonly event: 'recorded'; readonly entry: Entry };

/** Looks at the evidence and the board while someone listens, and forwards what is new. */
export interface Hub {
  /** Listens for one release, or for all of them; first it gets the newest present events. Returns a function that ends it. */
  listen(of: Listener): () => void;
}

interface Listener {
  readonly seal: string | null;
  readonly hear: (news: News) => void;
}

/** Two looks a second. */
const usual: Pace = { between: 500, afterFailure: 5000 };

/** Makes the hub of a server; it ends with the signal. */
export function openHub(
  plan: { readonly store: Pick<EvidenceStore, 'head' | 'entries'>; readonly board: ActivityBoard },
  signal: AbortSignal,
  pace: Pace = usual,
): Hub {
  const activities = new Map<string, { readonly mark: string; readonly activity: Activity }>();
  const newest = new Map<string, Entry>();
  let [head, last] = ['', -1];
  type Tell = (seal: string, news: News) => void;
  const lookAtEvidence = async (tell: Tell): Promise<void> => {
    const now = await plan.store.head();
    if (now === head) return;
    const entries = await plan.store.entries();
    // only once they were read: a reading that failed is made again
    head = now;
    for (const entry of entries.slice(last + 1)) {
      newest.set(entry.seal, entry);
      tell(entry.seal, { event: 'recorded', entry });
    }
    last = entries.length - 1;
  };
  const lookAtBoard = async (tell: Tell): Promise<void> => {
    const all = await plan.board.all();
    for (const activity of all) {
      const mark = markOf(activity);
      if (activities.get(activity.id)?.mark === mark) continue;
      activities.set(activity.id, { mark, activity });
      tell(activity.seal, { event: 'activity', activity });
    }
    const ids = new Set(all.map(({ id }) => id));
    for (const id of activities.keys()) if (!ids.has(id)) activities.delete(id);
  };
  const isFor = ({ seal: wanted }: Listener, seal: string): boolean => wanted === null || wanted === seal;
  const greet = (listener: Listener): void => {
    for (const { activity } of activities.values())
      if (isFor(listener, activity.seal)) listener.hear({ event: 'activity', activity });
    const entry = listener.seal === null ? undefined : newest.get(listener.seal);
    if (entry !== undefined) listener.hear({ event: 'recorded', entry });
  };
  const look = async (tell: (say: (listener: Listener) => void) => void): Promise<void> => {
    const tellOf: Tell = (seal, news) => tell((listener) => isFor(listener, seal) && listener.hear(news));
    await lookAtEvidence(tellOf);
    await lookAtBoard(tellOf);
  };
  return { listen: openLooking({ look, greet, pace }, signal) };
}

/** Changes with all that is worth telling; a heartbeat alone is not. */
function markOf({ state, stage, tier, step, waitingFor, note }: Activity): string {
  return JSON.stringify([state, stage, tier, step, waitingFor, note]);
}
