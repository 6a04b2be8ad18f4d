import { readOccasion } from '../pipeline.io.ts';
import { type Occasion } from '../report/index.ts';
import { type Setup, targetOf } from '../setup/index.ts';
import { type Looks } from './house.ts';
import { type Records } from './records.ts';

/** Reads production for whoever asks, but no more often than this: a page that many people reload costs production nothing. Milliseconds. */
const freshness = 5000;

/** Opens the looks. */
export function openLooks(setup: Setup, records: Records): Looks {
  const taken = new Map<string, { readonly head: string; readonly at: number; readonly value: Promise<Occasion> }>();
  return {
    forget: () => taken.clear(),
    occasion: async (sealed, name) => {
      const target = targetOf(setup, name);
      const key = `${sealed.seal} ${target.name}`;
      // another server, or a command, may have changed what a target says: that is recorded
      const head = await records.store.head();
      const last = taken.get(key);
      if (last?.head === head && performance.now() - last.at < freshness) return last.value;
      const value = readOccasion(
        { sealed, store: records.store },
        { setup, target, folder: sealed.release.name, workIn: null },
      );
      taken.set(key, { head, at: performance.now(), value });
      value.catch(() => taken.delete(key));
      return value;
    },
  };
}
