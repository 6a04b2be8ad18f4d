import { randomBytes } from 'node:crypto';
import { now, truncate } from '../core/index.ts';
import { type Activity, type ActivityBoard, heartbeat } from './activity.ts';
import { type TimedParts, leftOf } from './eta.ts';

/** Between two writes there is at least so long: a few a second. Milliseconds. */
const pace = 400;
/** A board that does not answer holds the end of a command up for no longer. Milliseconds. */
const lastWord = 2000;

/** What changes while a command works. */
export type ActivityUpdate = Partial<Pick<Activity, 'stage' | 'tier' | 'step' | 'waitingFor'>> & {
  /** The part of the course that begins; the same one again changes nothing. */
  readonly part?: string;
};

/** Tells the board what a command does. Nothing of it throws, and nothing of it is waited for but the last word. */
export interface Reporter {
  tell(told: ActivityUpdate): void;
  end(state: 'done' | 'failed' | 'held', note: string | null): Promise<void>;
}

/** What a reporter is begun with. */
export interface ActivityPlan extends Pick<Activity, 'kind' | 'seal' | 'release' | 'target'> {
  readonly board: ActivityBoard;
  /** What the work should take; null where nothing is known. */
  readonly course: TimedParts | null;
  /** Told once when the board fails. */
  readonly onTrouble: (why: string) => void;
}

/** Begins to report: at once, at every change, and by a heartbeat. */
export function startReporter(plan: ActivityPlan): Reporter {
  const { board, course, kind, seal, release, target } = plan;
  const from = performance.now();
  const startedAt = now();
  const fixed = { version: 1, id: randomBytes(8).toString('hex'), kind, seal, release, target, startedAt } as const;
  let at: Pick<Activity, 'stage' | 'tier' | 'step' | 'waitingFor'> = {
    stage: null,
    tier: null,
    step: null,
    waitingFor: [],
  };
  let part = { name: '', from };
  let [isStale, isTroubled, isOver, lastAt] = [false, false, false, Number.NEGATIVE_INFINITY];
  let writing: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;

  const snapshot = (state: Activity['state'], note: string | null): Activity => ({
    ...fixed,
    ...at,
    step: at.step === null ? null : { ...at.step, title: truncate(at.step.title, 500) },
    updatedAt: now(),
    state,
    elapsedMs: Math.round(performance.now() - from),
    leftMs:
      state !== 'running' || course === null
        ? null
        : leftOf(course, { part: part.name, forMs: performance.now() - part.from }),
    note: note === null ? null : truncate(note, 2000),
  });
  const put = async (activity: Activity): Promise<void> => {
    try {
      await board.put(activity);
    } catch (error) {
      if (!isTroubled) plan.onTrouble(error instanceof Error ? error.message : String(error));
      isTroubled = true;
    }
  };
  const flush = (): void => {
    if (isOver) return;
    const wait = lastAt + pace - performance.now();
    if (writing !== null || wait > 0) {
      isStale = true;
      timer ??= setTimeout(
        () => {
          timer = null;
          flush();
        },
        Math.max(wait, 20),
      ).unref();
      return;
    }
    [isStale, lastAt] = [false, performance.now()];
    writing = put(snapshot('running', null)).finally(() => {
      writing = null;
      if (isStale) flush();
    });
  };
  const beat = setInterval(flush, heartbeat).unref();
  flush();
  return {
    tell: ({ part: name, ...told }) => {
      if (name !== undefined && name !== part.name) part = { name, from: performance.now() };
      at = { ...at, ...told };
      flush();
    },
    end: async (state, note) => {
      isOver = true;
      clearInterval(beat);
      if (timer !== null) clearTimeout(timer);
      at = { ...at, waitingFor: [] };
      let bound: NodeJS.Timeout | undefined;
      const tired = new Promise<void>((resolve) => (bound = setTimeout(resolve, lastWord)));
      await Promise.race([Promise.resolve(writing).then(() => put(snapshot(state, note))), tired]);
      clearTimeout(bound);
    },
  };
}
