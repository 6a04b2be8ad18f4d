/** How often is looked: between two looks, however many listen, and after one that failed. Milliseconds. */
export interface Pace {
  readonly between: number;
  readonly afterFailure: number;
  /** After a look that took long there is none for so many times as long: what answers slowly is not asked all the time. Absent: 0. */
  readonly rest?: number;
}

/**
 * One watcher for all visitors: it looks while somebody listens, and not at all for nobody. Who listens is first told what is there, then
 * what each look finds new; it ends with the signal.
 */
export function openLooking<Listener>(
  of: {
    /** Looks once, and tells all who listen what is new; at the first look nobody is told, but greeted afterwards. */
    readonly look: (tell: (say: (listener: Listener) => void) => void) => Promise<void>;
    readonly greet: (listener: Listener) => void;
    readonly pace: Pace;
  },
  signal: AbortSignal,
): (listener: Listener) => () => void {
  const { between, afterFailure, rest = 0 } = of.pace;
  const listeners = new Set<{ readonly listener: Listener }>();
  let [isFirst, isLooking] = [true, false];
  let timer: NodeJS.Timeout | undefined;
  const tell = (say: (listener: Listener) => void): void => {
    for (const { listener } of listeners) say(listener);
  };
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    clearTimeout(timer);
    const from = performance.now();
    let wait = afterFailure;
    try {
      await of.look(isFirst ? () => undefined : tell);
      wait = Math.max(between, rest * (performance.now() - from));
      if (isFirst) tell(of.greet);
      isFirst = false;
    } catch {
      // a page that is asked for says what is wrong; here the next reading tries again
    }
    isLooking = false;
    if (listeners.size === 0 || signal.aborted) isFirst = true;
    else timer = setTimeout(() => void look(), wait).unref();
  };
  return (listener) => {
    const one = { listener };
    listeners.add(one);
    if (isFirst) void look();
    else of.greet(listener);
    return () => void listeners.delete(one);
  };
}
