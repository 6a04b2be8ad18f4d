import { runRollout } from '../rollout-run.io.ts';
import { type CommandRun } from '../verb.ts';

/** Rolls a release back. */
export const run: CommandRun = (context) => runRollout(context, 'down');
