import { runRollout } from '../rollout-run.io.ts';
import { type Run } from '../verb.ts';

/** Rolls a ratified release out. */
export const run: Run = (context) => runRollout(context, 'up');
