import { setTimeout as wait } from 'node:timers/promises';
import { onAbort, OneRoofError, printable, stated } from '../core/index.ts';
import { type Connection, type Session, sqlStateOf } from '../database/index.ts';
import { type ReleaseSettings } from '../release/index.ts';
import { beginAttempt, type CycleCall, isNewerAlive, readAttempt } from './gate-calls.io.ts';
import { explainAttempt } from './reason.ts';
import { defaultPatience, isRetryable } from './retry.ts';
import { type Epoch } from './rollout.ts';
import { Undone } from './tier.io.ts';
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
          ...stated`nothing was begun: ${{ attempt: printable(explainAttempt(attempt)) }}`,
          fix: 'wait until it ends, then run the same command again',
        });
      await pauseFor(200, signal);
    }
  } finally {
    await session.close();
  }
}

/**
 * Raises the fence: begins an attempt.
 *
 * Errors  Undone where an older attempt holds it; INTERRUPTED; refusals of the gate.
 */
export async function raiseFence(
  session: Session,
  { statement, direction, signal }: CycleCall & { readonly signal?: AbortSignal },
): Promise<Epoch> {
  // also where its commit waits for a standby: a fence that a failover loses fences no one off, and no one goes on there
  let cancelled: Promise<unknown> = Promise.resolve();
  const cancel = (): void => {
    cancelled = session.cancel().catch(() => null);
  };
  const stopListening = onAbort(signal, cancel);
  try {
    return await beginAttempt(session, { statement, direction });
  } catch (error) {
    if (signal?.aborted === true) throw rolloutInterrupted(null);
    // the fence is held by a transaction of an older attempt: as good as any other lock
    throw isRetryable(sqlStateOf(error)) ? new Undone(error, null) : error;
  } finally {
    stopListening();
    await cancelled;
  }
}

/**
 * Waits while the session of a newer attempt exists.
 *
 * Errors  ROLLOUT_FENCED after the budget (milliseconds); INTERRUPTED.
 */
export async function awaitNewer(
  plan: {
    readonly open: () => Promise<Session>;
    readonly epoch: Epoch;
    readonly budget: number;
    readonly signal: AbortSignal | undefined;
  },
  onWaiting: () => void,
): Promise<void> {
  const { open, epoch, budget, signal } = plan;
  const until = performance.now() + budget;
  while (await isNewerAlive(await open(), epoch)) {
    onWaiting();
    if (performance.now() > until)
      throw new OneRoofError('ROLLOUT_FENCED', {
        ...stated`a newer attempt, which still runs, fenced off attempt ${{ epoch }}`,
        fix: 'wait until it ends, then run the same command again',
      });
    await pauseFor(200, signal);
  }
}

/** Waits so many milliseconds; INTERRUPTED where someone wants to stop. */
export async function pauseFor(length: number, signal: AbortSignal | undefined): Promise<void> {
  await wait(length, undefined, { signal }).catch(() => {
    throw rolloutInterrupted(null);
  });
}
