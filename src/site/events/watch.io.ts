import { openLooking, type Pace } from './looking.io.ts';

/** Reads a mark while someone listens, and reports when it changes. */
export interface Watch {
  /** Listens; first it gets the present mark. Returns a function that ends it. */
  listen(hear: (mark: string) => void): () => void;
}

const usual: Pace = { between: 2000, afterFailure: 5000, rest: 4 };

/** Makes the watch of a server; it ends with the signal. */
export function openWatch(read: () => Promise<string>, signal: AbortSignal, pace: Pace = usual): Watch {
  let mark = '';
  const look = async (tell: (say: (hear: (mark: string) => void) => void) => void): Promise<void> => {
    const next = await read();
    if (next !== mark) tell((hear) => hear(next));
    mark = next;
  };
  return { listen: openLooking({ look, greet: (hear) => hear(mark), pace }, signal) };
}
