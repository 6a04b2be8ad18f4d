import { setTimeout as wait } from 'node:timers/promises';
import { OneRoofError, printable } from '../core/index.ts';
import { type Connection } from '../database/index.ts';
import { type ReleaseSettings } from '../release/index.ts';
import { readAttempt } from './gate-calls.io.ts';
import { explainAttempt } from './reason.ts';
import { defaultPatience } from './retry.ts';
import { rolloutInterrupted, openExecutor } from './executor-session.io.ts';

/**
 * Waits until no other attempt is running, because its result is unknown before it ends. We never end its session.
 *
 * Errors  ROLLOUT_FENCED where it is at work all the time; INTERRUPTED.
 */
export async function awaitAttempt(plan: {
  readonly executor: Connection;
  readonly settings: ReleaseSettings;
  readonly signal?: AbortSignal;
  /** Milliseconds. */
  readonly patience?: number;
}): Promise<void> {
  const { executor, settings, signal, patience = defaultPatience.budget } = plan;
  const session = await openExecutor(executor, settings, { applicationName: 'oneroof preflight', write: 'never' });
  try {
    for (const began = performance.now(); ; ) {
      const attempt = await readAttempt(session);
      if (attempt === null) return;
      if (performance.now() - began > patience)
        throw new OneRoofError('ROLLOUT_FENCED', {
          problem: `nothing was begun: ${printable(explainAttempt(attempt))}`,
          fix: 'wait until it ends, then run the same command again',
        });
      await wait(200, undefined, { signal }).catch(() => {
        throw rolloutInterrupted(null);
      });
    }
  } finally {
    await session.close();
  }
}
