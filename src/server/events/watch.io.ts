/** One watcher for all visitors: it reads a mark while somebody listens, and tells it when it is another one. */
export interface Watch {
  /** Listens; first the mark as it is. Returns what ends it. */
  listen(hear: (mark: string) => void): () => void;
}

/** How often is looked: between two looks, however many listen, and after one that failed. Milliseconds. */
export interface Pace {
  readonly between: number;
  readonly afterFailure: number;
}

const usual: Pace = { between: 2000, afterFailure: 5000 };
/** After a look that took long there is none for so many times as long: what answers slowly is not asked all the time. */
const rest = 4;

/** Makes the watch of a server; it ends with the signal. */
export function openWatch(read: () => Promise<string>, signal: AbortSignal, pace: Pace = usual): Watch {
  const listeners = new Set<(mark: string) => void>();
  let [mark, isLooking]: [string | null, boolean] = [null, false];
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    clearTimeout(timer);
    const from = performance.now();
    let wait = pace.afterFailure;
    try {
      const next = await read();
      wait = Math.max(pace.between, rest * (performance.now() - from));
      if (next !== mark) for (const hear of listeners) hear(next);
      mark = next;
    } catch {
      // a page that is asked for says what is wrong; here the next look tries again
    }
    isLooking = false;
    if (listeners.size === 0 || signal.aborted) mark = null;
    else timer = setTimeout(() => void look(), wait).unref();
  };
  return {
    listen: (hear) => {
      const one = (next: string): void => hear(next);
      listeners.add(one);
      if (mark === null) void look();
      else one(mark);
      return () => void listeners.delete(one);
    },
  };
}
