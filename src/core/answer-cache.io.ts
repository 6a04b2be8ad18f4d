/** Answers that are kept for a while, so that a page which many people reload costs what is behind it nothing. */
export interface CachedAnswer<Value> {
  /**
   * What is kept of a key, else what is read now. All who ask while it is read share one reading.
   *
   * Shape   `mark`: what was kept or is being read under another mark is out of date.
   * Errors  those of `read`, to all who share it; none is kept, so the next one reads again.
   */
  of(key: string, read: () => Promise<Value>, mark?: unknown): Promise<Value>;
  /** Whether something was kept of a key and not forgotten since, also when its time has ended. */
  has(key: string): boolean;
  /** The next one reads again, of one key or of all; a reading that has begun serves only those who asked before. */
  forget(key?: string): void;
}

/** How long answers are kept, and how many. */
export interface KeptFor<Value> {
  /** From the answer on. Milliseconds; 0: it is not kept, and only shared. */
  readonly lifetime: number | ((value: Value) => number);
  /** Of more keys than these, the ones that were read longest ago are forgotten. */
  readonly most?: number;
  /** Milliseconds from a fixed moment. */
  readonly clock?: () => number;
}

/** A key is a target, a release or a visitor. */
const mostKeys = 2000;
/** No one joins a reading that has not answered for so long: what hangs must not keep all who come later. Milliseconds. */
const longestWait = 30_000;

/** Opens a place where answers are kept. */
export function keep<Value>({
  lifetime,
  most = mostKeys,
  clock = () => performance.now(),
}: KeptFor<Value>): CachedAnswer<Value> {
  const answers = new Map<string, { readonly mark: unknown; readonly until: number; readonly value: Value }>();
  const readings = new Map<string, { readonly mark: unknown; readonly from: number; readonly value: Promise<Value> }>();

  const remember = (key: string, mark: unknown, value: Value): void => {
    const length = typeof lifetime === 'number' ? lifetime : lifetime(value);
    answers.delete(key);
    if (length > 0) answers.set(key, { mark, until: clock() + length, value });
    for (const oldest of answers.keys()) {
      if (answers.size <= most) break;
      answers.delete(oldest);
    }
  };
  return {
    of: async (key, read, mark) => {
      const answer = answers.get(key);
      if (answer !== undefined && answer.mark === mark && clock() < answer.until) return answer.value;
      const reading = readings.get(key);
      if (reading !== undefined && reading.mark === mark && clock() - reading.from < longestWait) return reading.value;
      const mine = { mark, from: clock(), value: read() };
      readings.set(key, mine);
      const isMine = (): boolean => readings.get(key) === mine;
      try {
        const value = await mine.value;
        if (isMine()) remember(key, mark, value);
        return value;
      } finally {
        if (isMine()) readings.delete(key);
      }
    },
    has: (key) => answers.has(key),
    forget: (key) => {
      for (const map of [answers, readings]) {
        if (key === undefined) map.clear();
        else map.delete(key);
      }
    },
  };
}
