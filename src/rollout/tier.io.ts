import { setTimeout as wait } from 'node:timers/promises';
import { onAbort, OneRoofError, printable, stated } from '../core/index.ts';
import { problemOf, type Session, sqlStateOf, type StepResult, sql } from '../database/index.ts';
import { type BatchedStep } from '../gate/index.ts';
import { type StepBatch, batchOf, type Direction, type Step, type Tier } from '../release/index.ts';
import { type TierCall, enterTier, leaveTier, runBatch } from './gate-calls.io.ts';
import { endHolders, explainHolders } from './halt.ts';
import { isLeftAlone } from './left-alone.ts';
import { type Holder, type Replication, type RolloutEvent } from './rollout.ts';
import { rolloutInterrupted, undo } from './executor-session.io.ts';
import { type Numbered, runSteps } from './steps.io.ts';

/** What one transaction holds: steps of a tier, and whether it leaves the tier. */
export interface TierTransaction {
  readonly tier: Tier;
  readonly steps: readonly Numbered[];
  readonly isLast: boolean;
  /** One batch of its only step, in a transaction of its own; null: its steps run once. */
  readonly batch: StepBatch | null;
}

/** What was committed. */
export interface Committed {
  readonly replication: Replication;
  /** Null: its steps run once. */
  readonly batched: BatchedStep | null;
}

/** Where a transaction was when it failed: after COMMIT was sent, only the database knows its outcome. */
export class Undone extends Error {
  override readonly name = 'Undone';
  readonly at: Step | null;

  constructor(cause: unknown, at: Step | null) {
    super('the connection broke before the transaction was answered', { cause });
    this.at = at;
  }
}

/** Splits the rest of a tier into transactions: one, or one for each step if the release says so, and one more where it is left alone. */
export function transactionsIn(tier: Tier, direction: Direction, firstStep: number): readonly TierTransaction[] {
  const left = tier[direction].map((step, index) => ({ n: index + 1, step })).slice(firstStep - 1);
  // steps that are all done, without a marker, still have to be left
  // those that run outside of a transaction were run before
  const isRun = tier.transaction === 'outside';
  if (isRun || tier.transaction === 'single' || left.length === 0)
    return [{ tier, steps: isRun ? [] : left, isLast: true, batch: null }];
  const isAlone = isLeftAlone(tier, direction);
  const pieces = left.map((one, index): TierTransaction => {
    const isLast = !isAlone && index === left.length - 1;
    return { tier, steps: [one], isLast, batch: batchOf(tier, direction, one.n) };
  });
  return isAlone ? [...pieces, { tier, steps: [], isLast: true, batch: null }] : pieces;
}

/**
 * Runs one transaction of a tier through the gate.
 *
 * Shape   `uncertain` where the wait for a synchronous standby was ended by someone: the server says so with a warning.
 * Errors  Undone with the cause: a refusal of the gate, of the server, or a connection that was lost; INTERRUPTED.
 */
export async function runPiece(
  session: Session,
  plan: { readonly entry: TierCall; readonly piece: TierTransaction },
  watch: { readonly signal: AbortSignal | undefined; readonly onProgress: (event: RolloutEvent) => void },
): Promise<Committed> {
  const { entry, piece } = plan;
  const { tier } = entry;
  const isAborted = (): boolean => watch.signal?.aborted === true;
  let cancelled: Promise<unknown> = Promise.resolve();
  const cancel = (): void => {
    cancelled = session.cancel().catch(() => null);
  };
  let at: Step | null = null;
  const onBegin = ({ n, step }: Numbered): void => {
    at = step;
    watch.onProgress({ at: 'step', tier, step: n });
  };
  const stopListening = onAbort(watch.signal, cancel);
  try {
    if (isAborted()) throw rolloutInterrupted(tier);
    await session.query(sql`begin`);
    watch.onProgress({ at: 'enter', tier, step: null });
    await enterTier(session, entry);
    const [first] = piece.steps;
    let batched: BatchedStep | null = null;
    if (piece.batch === null || first === undefined)
      await runSteps(session, { entry, steps: piece.steps }, { signal: watch.signal, onBegin });
    else {
      onBegin(first);
      batched = await runBatch(session, { ...entry, ...first });
    }
    if (isAborted()) throw rolloutInterrupted(tier);
    at = null;
    if (piece.isLast) {
      watch.onProgress({ at: 'leave', tier, step: null });
      await leaveTier(session, entry);
    }
    // a cancel that arrives during COMMIT would stop the wait for a standby: none is sent from here on
    stopListening();
    await cancelled;
    if (isAborted()) throw rolloutInterrupted(tier);
    session.heard();
    watch.onProgress({ at: 'commit', tier, step: null });
    const { command } = await commit(session, watch.signal);
    // a server answers COMMIT of a failed transaction with ROLLBACK, and no error
    if (command !== 'COMMIT')
      throw new OneRoofError('SQL_FAILED', {
        ...stated`tier ${{ tier }}: the server answered COMMIT with ${{ command }}: the tier was not applied`,
        fix: "see the server's log for the statement that failed",
      });
    // nothing of the application's runs at COMMIT, so nothing else warns there; the text is in the server's language
    const isUncertain = session.heard().notices.some(({ code }) => code.startsWith('01'));
    return { replication: isUncertain ? 'uncertain' : 'as-configured', batched };
  } catch (error) {
    stopListening();
    await cancelled;
    await undo(session);
    throw new Undone(isAborted() && !isLost(error) ? rolloutInterrupted(tier) : error, at);
  }
}

/** How long to wait for the answer to COMMIT after someone wants to stop. Milliseconds. */
const commitGrace = 3000;

/** Sends COMMIT. A request to stop does not end the server's wait for a standby, only ours; then the outcome is checked. */
async function commit(session: Session, signal: AbortSignal | undefined): Promise<StepResult> {
  const answered = new AbortController();
  const leave = (): void => {
    wait(commitGrace, undefined, { signal: answered.signal }).then(
      () => session.abandon(),
      () => undefined,
    );
  };
  const stopListening = onAbort(signal, leave);
  try {
    return await session.run('commit');
  } finally {
    stopListening();
    answered.abort();
  }
}

/** True if the connection was lost, so that the answer did not arrive. */
export function isLost(error: unknown): boolean {
  if (error instanceof OneRoofError) return error.code === 'CONNECTION_LOST';
  const state = sqlStateOf(error);
  // the server ended the session; or the driver speaks of its socket, which has no SQLSTATE
  return /^(57P0[1-5]|08...|25P0[34])$/.test(state) || !/^[0-9A-Z]{5}$/.test(state);
}

/** The error if the executor's role may not use the gate, or the gate does not exist any more; null for every other error. */
export function unusable(error: unknown, what: string): OneRoofError | null {
  // insufficient_privilege, undefined_function, invalid_schema_name, undefined_object: a role that was dropped
  if (!['42501', '42883', '3F000', '42704'].includes(sqlStateOf(error)) || error instanceof OneRoofError) return null;
  const { message } = error as { message?: unknown };
  return new OneRoofError('GATE_NOT_INSTALLED', {
    ...stated`${{ moment: what }}: the executor cannot use the gate: ${{ said: printable(String(message)) }}`,
    fix: 'oneroof doctor names what is missing; then run the same command again: it goes on from the present state of the database',
    cause: error,
  });
}

/** The error of a transaction whose session ended, and of which the database says that it was not applied. */
export function notApplied(error: unknown, entry: TierCall): OneRoofError {
  const [cause, at] = error instanceof Undone ? [error.cause, error.at] : [error, null];
  // the server did not go away: it ended the session because of its transaction_timeout
  if (sqlStateOf(cause) === '25P04') return failed(cause, { entry, at, holders: [] });
  return new OneRoofError('CONNECTION_LOST', {
    ...stated`the connection was lost in tier ${{ tier: entry.tier }}; the database says that it was not applied`,
    fix: 'run the same command again',
    cause,
  });
}

/** The error of a step or tier that the server refused, at the place in the author's file. */
export function failed(
  error: unknown,
  of: { readonly entry: TierCall; readonly at: Step | null; readonly holders: readonly Holder[] },
): OneRoofError {
  const { at, holders } = of;
  const { tier } = of.entry;
  if (at === null) {
    const closed = unusable(error, `tier ${tier} was not applied`);
    if (closed !== null) return closed;
  }
  const place = at?.place ?? { file: `tiers/${tier}` };
  const problem = problemOf(error, { sql: at?.sql ?? '', place });
  const who = explainHolders(holders);
  return new OneRoofError(problem.code, {
    ...problem,
    facts: { ...problem.facts, tier },
    problem: `tier ${tier} was not applied: ${problem.problem}${who === '' ? '' : `; ${who}`}`,
    fix:
      who === ''
        ? problem.fix
        : `${problem.fix}; if a session does not end, end it as oneroof_executor or a superuser: ${endHolders(holders)}`,
    cause: error,
  });
}
