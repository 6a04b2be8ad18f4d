import { keep } from '../core/index.ts';
import { readOccasion } from '../pipeline.io.ts';
import { type ReleaseContext } from '../report/index.ts';
import { type Setup, targetOf } from '../setup/index.ts';
import { type TargetReadings } from './site-services.ts';
import { type Records } from './records.ts';

/** Reads production for visitors, but no more often than this: reloading a page costs production nothing. Milliseconds. */
const lifetime = 5000;

/** Opens the looks. */
export function openLooks(setup: Setup, records: Records): TargetReadings {
  const looks = keep<ReleaseContext>({ lifetime });
  return {
    forget: () => looks.forget(),
    occasion: async (sealed, name) => {
      const target = targetOf(setup, name);
      const { store } = records;
      const plan = { setup, target, folder: sealed.release.name, workIn: null };
      // another server or a command may have changed the answers of a target: the evidence shows it
      const head = await store.head();
      return looks.of(`${sealed.seal} ${target.name}`, () => readOccasion({ sealed, store }, plan), head);
    },
  };
}
