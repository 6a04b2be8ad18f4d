import { setImmediate as turn } from 'node:timers/promises';
import { type Log } from './evidence.ts';
import { type VerifiedLog, checkLog, logLength, type StoredLog } from './log.ts';

/** How long work runs before other visitors of the same process get their turn. Milliseconds. */
const slice = 8;

/** The log of a store, as far as this process has checked it: checked parts are compared, and only new parts are checked. */
export interface CheckedLog {
  /**
   * Reads and checks the log as it is now. One reading after the other, so that those who ask at once share the work.
   *
   * Errors  those of `checkLog`, and of reading.
   */
  read(): Promise<VerifiedLog>;
  /** `broken`: the last reading failed. */
  readonly state: 'unread' | 'checked' | 'broken';
  /** The mark of the store at the last successful reading, or after this process last changed it; null if the store has no such mark. */
  readonly mark: string | null;
  /** Says how this process left it. */
  leave(mark: string): void;
  /** Says whether the end of a log may follow what this process has read: it is not shorter, and where it is as long it is the same one. */
  mayEndWith(end: Log): boolean;
}

/** Opens the log of a store. `load` gets what is already known. */
export function openCheckedLog(
  load: (known: VerifiedLog | null) => Promise<StoredLog & { readonly mark?: string }>,
): CheckedLog {
  let known: VerifiedLog | null = null;
  let state: CheckedLog['state'] = 'unread';
  let mark: string | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const read = async (): Promise<VerifiedLog> => {
    try {
      const stored = await load(known);
      known = await inSlices(checkLog(stored, known));
      [state, mark] = ['checked', stored.mark ?? null];
      return known;
    } catch (error) {
      state = 'broken';
      throw error;
    }
  };
  return {
    read: () => {
      const reading = last.then(read, read);
      last = reading;
      return reading;
    },
    get state() {
      return state;
    },
    get mark() {
      return mark;
    },
    leave: (left) => {
      mark = left;
    },
    mayEndWith: (end) => known === null || logLength(end) > logLength(known) || end.checkpoint === known.checkpoint,
  };
}

/** Does work that yields, in slices. */
async function inSlices<T>(work: Generator<void, T>): Promise<T> {
  for (let began = performance.now(); ; ) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() - began < slice) continue;
    await turn();
    began = performance.now();
  }
}
