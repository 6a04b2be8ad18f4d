import { OneRoofError, type Problem, printable } from '../core/index.ts';
import { type Connection, openSession, problemOf, type Session, sql } from '../database/index.ts';
import { type Direction, type ReleaseSettings, type Step, type Tier } from '../release/index.ts';
import { type StepMeasure } from './rehearsal.ts';
import { measureStep } from './telemetry.io.ts';

/** What a tier did: its steps, and why it stopped. */
export interface TierRun {
  readonly steps: readonly StepMeasure[];
  readonly problems: readonly Problem[];
  /** From the first ACCESS EXCLUSIVE lock on a relation to the end of the transaction. */
  readonly lockMs: number;
}

/** One tier to run in one direction, and what must hold before its COMMIT. */
export interface TierPlan {
  readonly tier: Tier;
  readonly direction: Direction;
  readonly before: (session: Session) => Promise<readonly Problem[]>;
}

/** Opens a session with the release's settings; the rehearsal may be interrupted through the signal. */
export async function withReleaseSession<T>(
  connection: Connection,
  options: {
    readonly settings: ReleaseSettings;
    readonly signal: AbortSignal | undefined;
    /** Settings of the server that change plans, never results. */
    readonly plans?: Readonly<Record<string, string>>;
  },
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const { settings, signal } = options;
  const isAborted = (): boolean => signal?.aborted === true;
  if (isAborted()) throw interrupted();
  let session: Session | null = null;
  let cancelled: Promise<unknown> = Promise.resolve();
  const cancel = (): void => {
    // a cancel that fails leaves the statement to its own time-out; the interruption is reported either way
    cancelled = session?.cancel().catch((cause: unknown) => cause) ?? cancelled;
  };
  try {
    session = await openSession(connection, {
      applicationName: 'oneroof rehearsal',
      settings: {
        lock_timeout: String(settings.lockTimeout),
        statement_timeout: String(settings.statementTimeout),
        search_path: settings.searchPath.map((name) => `"${name.replaceAll('"', '""')}"`).join(', '),
        ...(settings.role === null ? {} : { role: settings.role }),
        ...options.plans,
      },
    });
    signal?.addEventListener('abort', cancel);
    if (isAborted()) throw interrupted();
    const done = await use(session);
    if (isAborted()) throw interrupted();
    return done;
  } catch (error) {
    if (isAborted()) throw interrupted();
    throw gone(error) ?? error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    await cancelled;
    await session?.close();
  }
}

/** Runs a tier as the rollout will: one transaction, or step by step. A refused step is a problem, not an exception. */
export async function runTier(session: Session, plan: TierPlan): Promise<TierRun> {
  const { tier, direction } = plan;
  const steps: StepMeasure[] = [];
  let lockedAt: number | null = null;
  let lockMs = 0;
  const single = tier.transaction === 'single';
  const failed = async (problems: readonly Problem[]): Promise<TierRun> => {
    await session.query(sql`rollback`);
    return { steps, problems, lockMs };
  };
  const commit = async (): Promise<void> => {
    await session.query(sql`commit`);
    if (lockedAt !== null) lockMs = Math.max(lockMs, performance.now() - lockedAt);
    lockedAt = null;
  };
  if (single) await session.query(sql`begin`);
  for (const [at, step] of (direction === 'up' ? tier.up : tier.down).entries()) {
    // a transaction of its own is what a bare statement has too, and lets the server tell what it did
    const alone = !single && step.transactional;
    try {
      if (alone) await session.query(sql`begin`);
      const start = performance.now();
      const measure = await measureStep(session, step, { tier, direction, index: at + 1 });
      steps.push(measure);
      if (measure.locks.some((lock) => lock.mode === 'AccessExclusiveLock')) lockedAt ??= start;
      if (alone) await commit();
    } catch (error) {
      return await failed([refused(error, step)]);
    }
  }
  const violated = await plan.before(session);
  if (violated.length > 0) return await failed(violated);
  try {
    if (single) await commit();
  } catch (error) {
    // a deferred constraint speaks at COMMIT
    const last = (direction === 'up' ? tier.up : tier.down).at(-1);
    if (last === undefined) throw error;
    return await failed([refused(error, last)]);
  }
  return { steps, problems: [], lockMs };
}

/** Runs a tier's check.sql: each row is a violation. */
export async function runChecks(session: Session, tier: Tier): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const step of tier.check) {
    try {
      const rows = await session.rows(step.sql, { maxRows: 3 });
      if (rows.length > 0) problems.push(violation(tier, step, rows));
    } catch (error) {
      return [...problems, refused(error, step)];
    }
  }
  return problems;
}

function violation(tier: Tier, step: Step, rows: readonly (readonly (string | null)[])[]): Problem {
  const shown = rows.map((row) => `(${row.map((value) => printable((value ?? 'NULL').slice(0, 60))).join(', ')})`);
  return {
    code: 'CHECK_VIOLATED',
    problem: `tier ${tier.id}: a check returned rows, expected none; the first: ${shown.join(' ')}`,
    fix: `correct tiers/${tier.id}/up.sql, or the query in ${step.place.file}`,
    place: step.place,
  };
}

/** The problem of a statement that the server refused; a clone that is gone is thrown, because nothing can be decided without it. */
export function refused(error: unknown, step: Step): Problem {
  const lost = gone(error);
  if (lost !== null) throw lost;
  return problemOf(error, { sql: step.sql, place: step.place });
}

const lostStates = ['57P01', '57P02', '3D000'];

function gone(error: unknown): OneRoofError | null {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (!lostStates.includes(code) && code !== 'CONNECTION_LOST' && code !== 'CONNECT_NO_DATABASE') return null;
  return new OneRoofError('CLONE_GONE', {
    problem: 'the rehearsal clone went away while it was in use: somebody dropped it, or its server stopped',
    fix: 'run the same command again; `oneroof gc` removes only what has expired',
    cause: error,
  });
}

/** The error of an interrupted rehearsal. */
export function interrupted(): OneRoofError {
  return new OneRoofError('INTERRUPTED', {
    problem: 'the rehearsal was interrupted; its clone was dropped',
    fix: 'run the same command again',
  });
}
