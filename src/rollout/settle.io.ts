import { setTimeout as wait } from 'node:timers/promises';
import { type Session } from '../database/index.ts';
import { type TierCall, readIdentity, readProgress, readState } from './gate-calls.io.ts';
import { type Backend, decideOutcome, type ServerIdentity, standby } from './outcome.ts';
import { type TransactionOutcome } from './rollout.ts';

/** A transaction whose answer was lost, with its server process and server. */
export interface LostTransaction {
  readonly entry: TierCall;
  /** The last step of the transaction; null: it would have written the tier's marker. */
  readonly lastStep: number | null;
  /** How many batches of that step there would be; absent or null: it runs once. */
  readonly batches?: number | null;
  readonly before: ServerIdentity;
  readonly backend: Backend;
  /** Opens a new session, as the executor. */
  readonly open: () => Promise<Session>;
  /** Milliseconds to wait for the server and for the old process. */
  readonly patience: number;
}

/**
 * Finds the outcome of a transaction: reconnects, waits until the old server process has ended, then reads the marker. A server that is
 * starting again may take the new connection away too: it is asked again, as long as there is patience. So is a standby, which may be
 * there for the primary while that one starts, or be about to take over.
 */
export async function settle(lost: LostTransaction): Promise<TransactionOutcome> {
  const until = performance.now() + lost.patience;
  for (;;) {
    const session = await reopen(lost, until);
    if (session === null)
      return decideOutcome({ before: lost.before, now: null, backend: 'alive', mark: 'absent', old: lost.backend });
    try {
      const outcome = await read(session, { ...lost, until });
      if (outcome !== null) return outcome;
    } catch {
      if (performance.now() >= until)
        return {
          outcome: 'unknown',
          why: 'the connection was lost again while the outcome was read',
          look: "the server's log; then run the same command again",
        };
    } finally {
      await session.close();
    }
    await wait(200);
  }
}

/** Null: a standby answers, and there is time to ask again. */
async function read(
  session: Session,
  lost: LostTransaction & { readonly until: number },
): Promise<TransactionOutcome | null> {
  const now = await readIdentity(session);
  if (now.timeline === standby && performance.now() < lost.until) return null;
  // a server that was started again has no process of before; a pid there would be someone else's
  const isSameServer = now.startedAt === lost.before.startedAt;
  let backend = isSameServer ? await readState(session, lost.backend) : 'gone';
  while (backend !== 'gone' && performance.now() < lost.until) {
    await wait(100);
    backend = await readState(session, lost.backend);
  }
  // only now: a row that is absent while the process lives may still come
  const mark = await readMark(session, lost);
  return decideOutcome({ before: lost.before, now, backend, mark, old: lost.backend });
}

async function readMark(
  session: Session,
  { entry, lastStep, batches: wanted = null }: LostTransaction,
): Promise<'present' | 'absent'> {
  const { markers, steps, batches = [] } = await readProgress(session, entry.statement);
  const isOurs = (row: { readonly tier: string; readonly direction: string }): boolean =>
    row.tier === entry.tier && row.direction === entry.direction;
  if (wanted !== null) {
    const step = batches.find((one) => isOurs(one) && one.n === lastStep);
    return step !== undefined && (step.done || step.batches >= wanted) ? 'present' : 'absent';
  }
  const found = lastStep === null ? markers.some(isOurs) : steps.some((step) => isOurs(step) && step.n === lastStep);
  return found ? 'present' : 'absent';
}

async function reopen({ open }: LostTransaction, until: number): Promise<Session | null> {
  for (;;) {
    try {
      return await open();
    } catch {
      // whatever kept us out, it may pass; when it does not, the outcome is unknown and says so
      if (performance.now() >= until) return null;
      await wait(200);
    }
  }
}
