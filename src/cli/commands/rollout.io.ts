import { runRollout } from '../rollout-run.io.ts';
import { type CommandRun } from '../verb.ts';

/** Rolls a ratified release out. */
export const run: CommandRun = (context) => runRollout(context, 'up');
