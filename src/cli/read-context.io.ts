import { readOccasion } from '../pipeline.io.ts';
import { type ReleaseContext } from '../report/index.ts';
import { type Context } from './verb.ts';
import { openWork, targetsFor } from './work.io.ts';

/** The occasions that a command is called on: one for each target. */
export async function readOccasions(context: Context): Promise<readonly ReleaseContext[]> {
  const { setup, sealed, store } = await openWork(context);
  const folder = context.arguments[0] ?? '.';
  const workIn = context.folder === '.' ? null : context.folder;
  const occasions: ReleaseContext[] = [];
  for (const target of targetsFor(setup, context)) {
    context.terminal.progress(`reading ${target.name}`);
    occasions.push(await readOccasion({ sealed, store }, { setup, target, folder, workIn }));
  }
  return occasions;
}
