import { readOccasion as readOccasionOf } from '../pipeline.io.ts';
import { type Occasion } from '../report/index.ts';
import { type Context } from './verb.ts';
import { openWork, targetFor } from './work.io.ts';

/** The occasion that a command is called on. */
export async function readOccasion(context: Context): Promise<Occasion> {
  const { setup, sealed, store } = await openWork(context);
  const target = targetFor(setup, context);
  context.terminal.progress(`looking at ${target.name}`);
  const folder = context.arguments[0] ?? '.';
  const workIn = context.folder === '.' ? null : context.folder;
  return readOccasionOf({ sealed, store }, { setup, target, folder, workIn });
}
