import { readOccasion } from '../pipeline.io.ts';
import { type Occasion } from '../report/index.ts';
import { type Setup, targetOf } from '../setup/index.ts';
import { type Looks } from './house.ts';
import { keep } from './kept.io.ts';
import { type Records } from './records.ts';

/** Reads production for whoever asks, but no more often than this: a page that many people reload costs production nothing. Milliseconds. */
const lifetime = 5000;

/** Opens the looks. */
export function openLooks(setup: Setup, records: Records): Looks {
  const looks = keep<Occasion>({ lifetime });
  return {
    forget: () => looks.forget(),
    occasion: async (sealed, name) => {
      const target = targetOf(setup, name);
      const { store } = records;
      const plan = { setup, target, folder: sealed.release.name, workIn: null };
      // another server, or a command, may have changed what a target says: that is recorded
      const head = await store.head();
      return looks.of(`${sealed.seal} ${target.name}`, () => readOccasion({ sealed, store }, plan), head);
    },
  };
}
