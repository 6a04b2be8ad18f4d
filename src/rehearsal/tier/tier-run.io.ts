import { OneRoofError, type Problem, printable, stated } from '../../core/index.ts';
import { explainRefusedRows, foundElsewhere, type Session, type Sql, sql, sqlStateOf } from '../../database/index.ts';
import { batchOf, type Direction, type Release, type Step, type Tier } from '../../release/index.ts';
import { type StepEvent } from '../request/index.ts';
import { requirementRefused, reset, roleOf } from '../session/index.ts';
import { type BackendSnapshot, readBackendSnapshot } from './backend-snapshot.io.ts';
import { addUpBatches } from './batch-measure.ts';
import { type BatchBounds, isLastBatch, nextBatch } from './batches.io.ts';
import { listen, type Listener } from './dispatch.io.ts';
import { explainNotifications, type Notifications, reachedOut, undeclaredDispatch } from './dispatch.ts';
import { overBudget } from './locks.ts';
import { serverChanged, type ServerWatch } from './server-watch.io.ts';
import { type StepMeasure } from './step-measure.ts';
import { measureStep } from './telemetry.io.ts';

/** What a tier did: its steps, why it stopped, and what it sent out. */
export interface TierRehearsal {
  readonly steps: readonly StepMeasure[];
  readonly problems: readonly Problem[];
  /** Whether all of it was committed: a problem need not stop it. */
  readonly done: boolean;
  /** Null where no limits were given. */
  readonly notifications: Notifications | null;
}

/** What a tier is measured against. */
export interface Limits {
  readonly release: Pick<Release, 'budgets' | 'allows'>;
  readonly listener: Listener;
}

/** One tier to run in one direction, and what must hold before its COMMIT. */
export interface TierPlan {
  readonly tier: Tier;
  readonly direction: Direction;
  readonly before: (session: Session) => Promise<readonly Problem[]>;
  /** Called at the end of each transaction, before what was deferred is fired by its COMMIT. */
  readonly beforeCommit?: () => Promise<void>;
  /** Called when a step was committed by itself. */
  readonly committed?: (step: number) => Promise<void>;
  /** Null where only the steps themselves are asked for: the trial of an option. */
  readonly limits: Limits | null;
  /** Stops after so many batches of this step, as a rollout that was stopped there, and checks nothing more. */
  readonly until?: { readonly step: number; readonly batches: number };
  /** Told as each statement begins. */
  readonly onStep?: ((event: StepEvent) => void) | undefined;
}

/** Runs a tier as the rollout will: one transaction, or step by step. A refused step is a problem, not an exception. */
export async function runTier(session: Session, plan: TierPlan): Promise<TierRehearsal> {
  const { limits } = plan;
  if (limits === null) return { ...(await runSteps(session, plan, null)), notifications: null };
  const { tier, direction } = plan;
  const listening = await listen(session, limits.listener);
  const run = await runSteps(session, plan, listening.server);
  const notifications = await listening.sent();
  const { budgets, allows } = limits.release;
  const sent = explainNotifications(notifications);
  const said = sent === null || allows['dispatch'] !== undefined ? [] : [sent];
  const where = `tier ${tier.id} ${direction}`;
  // a step that failed is what is to be corrected first: its tier was not measured to the end
  const over = run.problems.length > 0 ? [] : overBudget(run.steps, { tier: tier.id, direction, budgets });
  const undeclared = said.map((what) => undeclaredDispatch(where, what));
  const changed = serverChanged(where, await listening.server.atOnce());
  return { ...run, problems: [...run.problems, ...over, ...undeclared, ...changed], notifications };
}

async function runSteps(
  session: Session,
  plan: TierPlan,
  server: ServerWatch | null,
): Promise<Omit<TierRehearsal, 'notifications'>> {
  const { tier, direction, limits } = plan;
  const clock = new TransactionClock();
  const single = tier.transaction === 'single';
  const list = direction === 'up' ? tier.up : tier.down;
  const dispatch: Problem[] = [];
  const isDispatchDeclared = limits === null || limits.release.allows['dispatch'] !== undefined;
  const failed = async (problems: readonly Problem[]): Promise<Omit<TierRehearsal, 'notifications'>> => {
    await session.query(sql`rollback`);
    clock.end();
    return { steps: addUpBatches(clock.steps), problems: [...problems, ...dispatch], done: false };
  };
  // without measurements (the twin, the trial of an option) a step has no extra cost
  const look = async (): Promise<BackendSnapshot | null> =>
    limits === null ? null : await readBackendSnapshot(session);
  const begin = async (): Promise<BackendSnapshot | null> => {
    await session.query(sql`begin`);
    return await look();
  };
  const shared = async (): Promise<readonly Problem[]> =>
    serverChanged(`tier ${tier.id} ${direction}`, (await server?.uncommitted()) ?? []);
  const commit = async (): Promise<void> => {
    await clock.time(() => session.query(sql`commit`));
  };
  const first = single ? await begin() : null;
  let moment = first;
  for (const [at, step] of list.entries()) {
    // a bare statement has a separate transaction too, and this lets the server report what it did
    const alone = !single && step.transactional;
    const { title } = step;
    plan.onStep?.({ stage: null, state: 'step', tier: tier.id, direction, n: at + 1, of: list.length, title });
    const batch = batchOf(tier, direction, at + 1);
    let bounds: BatchBounds | null = null;
    try {
      for (let ran = 1; ; ran += 1) {
        // COMMIT may set something too, by a deferred trigger
        if (!single && at + ran > 1) await session.script(reset(session));
        const wait = waitOf(tier, step);
        if (wait !== null) await session.query(wait);
        const before = alone ? await begin() : (moment ?? (await look()));
        if (batch !== null) bounds = await nextBatch(session, { batch, step, before: bounds });
        const values = bounds === null ? [] : [bounds.low, bounds.high];
        if (before === null) {
          await session.run(step.sql, values);
          if (single) await session.script(reset(session));
        } else {
          const place = alone || at === list.length - 1 ? 'last' : 'before others';
          const also = single ? reset(session) : [];
          const where = {
            tier,
            direction,
            index: at + 1,
            before,
            begun: first ?? before,
            place,
            values,
            also,
          } as const;
          const { measure, after } = await measureStep(session, step, where);
          clock.step(bounds === null ? measure : { ...measure, batches: batchesIn(bounds, measure.durationMs) });
          moment = single ? after : null;
          if (!isDispatchDeclared)
            for (const what of reachedOut(measure.outward, step.kind))
              dispatch.push({ ...undeclaredDispatch(`tier ${tier.id} ${direction}`, what), place: step.place });
        }
        if (alone) {
          const changed = await shared();
          if (changed.length > 0) return await failed(changed);
          await plan.beforeCommit?.();
          await commit();
        }
        if (plan.until?.step === at + 1 && plan.until.batches <= ran)
          return { steps: clock.steps, problems: dispatch, done: true };
        if (bounds === null || isLastBatch(bounds)) break;
        clock.end();
      }
      // a rollout leaves the tier in the transaction of its last step: it holds the locks of that step while checks and metrics run; not those of a batch
      if (!single && (at < list.length - 1 || batch !== null)) clock.end();
      if (!single) await plan.committed?.(at + 1);
    } catch (error) {
      const problem = isKeyRefused(error) ? error.problems[0] : requirementRefused(error, step, roleOf(session));
      if (!isDispatchDeclared && sqlStateOf(error).startsWith('08'))
        dispatch.push({
          ...undeclaredDispatch(`tier ${tier.id} ${direction}`, 'a statement tried to connect to another server'),
          place: step.place,
        });
      const {
        problems: [first = problem, ...others],
        ...stopped
      } = await failed([problem]);
      const fix = (await foundElsewhere(session, error)) ?? (await explainRefusedRows(session, error));
      return { ...stopped, problems: [fix === null ? first : { ...first, fix }, ...others] };
    }
  }
  if (!single || list.length === 0) await session.script(reset(session));
  const violated = await clock.time(() => plan.before(session));
  if (violated.length > 0) return await failed(violated);
  const changed = single ? await shared() : [];
  if (changed.length > 0) return await failed(changed);
  if (single) await plan.beforeCommit?.();
  try {
    if (single) await commit();
  } catch (error) {
    // a deferred constraint speaks at COMMIT
    const last = list.at(-1);
    if (last === undefined) throw error;
    return await failed([requirementRefused(error, last, roleOf(session))]);
  }
  clock.end();
  return { steps: addUpBatches(clock.steps), problems: dispatch, done: true };
}

function isKeyRefused(error: unknown): error is OneRoofError {
  return error instanceof OneRoofError && error.code === 'RULE_BATCHED';
}

function batchesIn({ low, keys }: BatchBounds, longestMs: number): NonNullable<StepMeasure['batches']> {
  return { count: low === null ? 0 : 1, keys, longestMs };
}

/** How long a step outside of a transaction may wait; while DETACH waits, the queries of the table may wait behind it. */
function waitOf({ wait }: Tier, { probe }: Step): Sql | null {
  if (wait === undefined || probe?.act === 'detach' || probe?.act === 'finalize') return null;
  return sql`select pg_catalog.set_config('lock_timeout', ${String(wait)}, false)`;
}

/** Counts the time of a transaction without that of our own measuring, and so how long each of its locks was held. */
class TransactionClock {
  readonly steps: StepMeasure[] = [];
  private elapsedMs = 0;
  private open: { readonly index: number; readonly startMs: number }[] = [];

  async time<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.elapsedMs += performance.now() - start;
    }
  }

  step(measure: StepMeasure): void {
    // what was sampled was seen to be held so long, whatever comes after it
    if (measure.measured === 'whole') this.open.push({ index: this.steps.length, startMs: this.elapsedMs });
    this.steps.push(measure);
    this.elapsedMs += measure.durationMs;
  }

  end(): void {
    for (const { index, startMs } of this.open) {
      const measure = this.steps[index];
      if (measure === undefined) continue;
      const heldMs = this.elapsedMs - startMs;
      this.steps[index] = { ...measure, locks: measure.locks.map((lock) => ({ ...lock, fromMs: startMs, heldMs })) };
    }
    this.open = [];
    this.elapsedMs = 0;
  }
}

/** Runs a tier's check.sql: each row is a violation. */
export async function runChecks(session: Session, tier: Tier): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const step of tier.check) {
    try {
      const rows = await session.rows(step.sql, { maxRows: 3 });
      if (rows.length > 0) problems.push(violation(tier, step, rows));
    } catch (error) {
      return [...problems, requirementRefused(error, step, roleOf(session))];
    }
  }
  return problems;
}

function violation(tier: Tier, step: Step, rows: readonly (readonly (string | null)[])[]): Problem {
  const shown = rows.map((row) => `(${row.map((value) => printable((value ?? 'NULL').slice(0, 60))).join(', ')})`);
  return {
    code: 'CHECK_VIOLATED',
    ...stated`tier ${{ tier: tier.id }}: a check returned rows, expected none; the first: ${shown.join(' ')}`,
    fix: `correct tiers/${tier.id}/up.sql, or the query in ${step.place.file}`,
    place: step.place,
  };
}
