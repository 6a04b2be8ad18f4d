import { runRollout } from '../rollout-run.io.ts';
import { type Run } from '../verb.ts';

/** Rolls a release back. */
export const run: Run = (context) => runRollout(context, 'down');
