/** Lets so many pieces of work run at once; the others wait for their turn. */
export function openTurns(size: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= size) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      // a turn is handed on, so that nobody who comes later gets it first
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
