import { type DatabaseName } from './clone.ts';

/** Renews the leases of this process while it lives. */
export interface Holding {
  /** From now on it is renewed, each time for so many hours. */
  hold(database: DatabaseName, hours: number): void;
  /** It is renewed no more, once this answers. */
  release(database: DatabaseName): Promise<void>;
  close(): Promise<void>;
}

/** A lease is renewed when a quarter of it has passed, so that three renewals in a row may fail; and at least this often. Milliseconds. */
const longestPause = 600_000;

/** Holds leases: `read` finds one, and what it answers with renews it, unless it was released meanwhile. */
export function holdLeases(read: (database: DatabaseName, hours: number) => Promise<() => Promise<void>>): Holding {
  const timers = new Map<DatabaseName, NodeJS.Timeout>();
  let renewing: Promise<unknown> = Promise.resolve();
  const renew = async (database: DatabaseName, hours: number): Promise<void> => {
    const write = await read(database, hours);
    if (timers.has(database)) await write();
  };
  return {
    hold: (database, hours) => {
      const tick = (): void => {
        // one after the other; a lease that cannot be renewed now is tried again, and the work on the clone reports the problem
        renewing = renewing.then(() => renew(database, hours)).catch(() => undefined);
      };
      timers.set(database, setInterval(tick, Math.min(longestPause, (hours * 3_600_000) / 4)).unref());
    },
    release: async (database) => {
      clearInterval(timers.get(database));
      timers.delete(database);
      await renewing;
    },
    close: async () => {
      for (const timer of timers.values()) clearInterval(timer);
      timers.clear();
      await renewing;
    },
  };
}
