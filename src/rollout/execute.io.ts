import { setTimeout as wait } from 'node:timers/promises';
import { isNonEmpty, now, onAbort, OneRoofError } from '../core/index.ts';
import { type Session, sqlStateOf } from '../database/index.ts';
import { refusalOf } from '../gate/index.ts';
import { type Step, type TierId } from '../release/index.ts';
import * as gate from './gate-calls.io.ts';
import { betweenTransactions, notBegun, refuseOutside, unknown } from './halt.ts';
import { nextAct } from './next-act.ts';
import { requireWritable } from './preflight.io.ts';
import { type ExecutionReason, executionReasonOf, outcomeReason } from './reason.ts';
import { defaultPatience, isRetryable, pauseBefore } from './retry.ts';
import {
  type Execution,
  type TransactionOutcome,
  type Progress,
  type Replication,
  type RolloutEvent,
  type RolloutResult,
  type TierRun,
} from './rollout.ts';
import { attemptName, rolloutInterrupted, openExecutor, renewSettings } from './executor-session.io.ts';
import { type RolloutRun } from './run.ts';
import { settle } from './settle.io.ts';
import {
  failed,
  isLost,
  notApplied,
  type TierTransaction,
  transactionsIn,
  runPiece,
  Undone,
  unusable,
} from './tier.io.ts';

/**
 * Rolls out, or back, tier by tier from the present state of the database. The same command again continues, and ends with nothing to do.
 *
 * Errors  GATE_STEP_OUTSIDE before anything is begun; LOCK_TIMEOUT, SQL_FAILED, QUERY_TIMEOUT, CONNECTION_LOST: the tier was not applied;
 *         ROLLOUT_UNKNOWN: look first; ROLLOUT_FENCED: another attempt works; INTERRUPTED.
 */
export async function execute(run: RolloutRun): Promise<RolloutResult> {
  refuseOutside(run);
  return await new Executor(run).run();
}

/** One run: its session, its attempt, and what it has done. */
class Executor {
  private readonly plan: RolloutRun;
  private readonly done: TierRun[] = [];
  private session: Session | null = null;
  private epoch = '';
  /** The attempt of which `onFence` was told last. */
  private told = '';
  private replication: Replication = 'as-configured';

  constructor(plan: RolloutRun) {
    this.plan = plan;
  }

  async run(): Promise<RolloutResult> {
    try {
      for (;;) {
        if (this.plan.signal?.aborted === true) throw rolloutInterrupted(null);
        const session = await this.open();
        const progress = await gate.readProgress(session, this.plan.statement);
        if (this.epoch !== this.told) await this.plan.onFence?.(progress, this.epoch);
        this.told = this.epoch;
        const ended = await this.advance(session, progress);
        if (ended !== null) return ended;
      }
    } catch (error) {
      throw unusable(error, 'nothing was begun') ?? betweenTransactions(error);
    } finally {
      await this.session?.close();
    }
  }

  /** Does the next act; null where there may be another one. */
  private async advance(session: Session, progress: Progress): Promise<RolloutResult | null> {
    const { sealed, direction, through } = this.plan;
    const act = nextAct({ release: sealed.release, direction, through }, progress);
    if (act.act === 'halt') throw unknown('the rows of the gate contradict the release', act.why, act.look);
    if (act.act === 'held') return { result: 'held', ...this.what(), reasons: act.reasons };
    if (act.act === 'nothing') {
      // the gate has just measured the schema that a tier of ours left; where nothing was done, no one has yet
      const schema = progress.markers.at(-1)?.schemaAfter;
      if (isNonEmpty(this.done) && schema !== undefined) return { result: 'done', ...this.what(), schema };
      return { result: 'nothing-to-do', schema: await gate.readSchemaDigest(session) };
    }
    const tier = sealed.release.tiers.find(({ id }) => id === act.tier);
    if (tier === undefined) throw unknown('the next tier is not in the release', act.tier, 'gate.markers');
    const steps = direction === 'up' ? tier.up : tier.down;
    try {
      if (this.epoch === '') {
        await this.patiently({ tier, steps: [], isLast: false }, () => this.begin());
        // what was read before the fence was raised may be out of date by now
        return null;
      }
      const started = now();
      this.replication = 'as-configured';
      for (const piece of transactionsIn(tier, steps, act.firstStep))
        await this.patiently(piece, () => this.once(piece));
      this.done.push({
        tier: tier.id,
        steps: steps.length + 1 - act.firstStep,
        started,
        ended: now(),
        replication: this.replication,
      });
      return null;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      if (refusal.code !== 'fence')
        return { result: 'held', ...this.what(), reasons: [{ code: 'gate', facts: refusal }] };
      await this.letOther();
      return null;
    }
  }

  private what(): { readonly tiers: readonly TierId[]; readonly runs: readonly TierRun[] } {
    return { tiers: this.done.map(({ tier }) => tier), runs: this.done };
  }

  /** Tries one transaction as a whole, again while others hold its locks. */
  private async patiently(piece: TierTransaction, work: () => Promise<void>): Promise<void> {
    const patience = this.plan.patience ?? defaultPatience;
    const began = performance.now();
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Undone)) throw error;
        const { cause, at } = error;
        if (refusalOf(cause) !== null || cause instanceof OneRoofError) throw cause;
        const tried = { attempts, elapsed: performance.now() - began, luck: Math.random() };
        const pause = isRetryable(sqlStateOf(cause)) ? pauseBefore(patience, tried) : null;
        if (pause === null) throw await this.given(cause, piece, at);
        this.say({ at: 'retry', tier: piece.tier.id, step: null });
        await this.pause(pause);
      }
    }
  }

  /** The error of a transaction that is not tried again; where it waited for a lock, with who of the executor's role is in a transaction. */
  private async given(cause: unknown, piece: TierTransaction, at: Step | null): Promise<OneRoofError> {
    const holders = isRetryable(sqlStateOf(cause)) ? await this.open().then(gate.readHolders, () => []) : [];
    return this.epoch === '' ? notBegun(cause, holders) : failed(cause, { entry: this.entry(piece), at, holders });
  }

  private async once(piece: TierTransaction): Promise<void> {
    const session = await this.renewed();
    const entry = this.entry(piece);
    const [before, backend] = [await gate.readIdentity(session), await gate.readBackend(session)];
    await this.record(piece, 'intent', null);
    let replication: Replication;
    try {
      const { signal } = this.plan;
      replication = await runPiece(session, { entry, piece }, { signal, onProgress: (event) => this.say(event) });
    } catch (error) {
      const cause = error instanceof Undone ? error.cause : error;
      if (!isLost(cause)) {
        await this.record(piece, 'not-applied', executionReasonOf(cause));
        throw error;
      }
      await this.close();
      const outcome = await settle({
        entry,
        lastStep: piece.isLast ? null : (piece.steps.at(-1)?.n ?? null),
        before,
        backend,
        open: () => this.connect('oneroof outcome'),
        // a person who wants to stop must not wait for something that may never end
        patience: this.plan.signal?.aborted === true ? 1000 : (this.plan.lease ?? 30_000) + 5000,
      });
      await this.conclude(piece, outcome, error);
      return;
    }
    await this.applied(piece, replication);
  }

  private async applied(piece: TierTransaction, replication: Replication): Promise<void> {
    const tier = piece.tier.id;
    const isCertain = replication === 'as-configured';
    await this.record(piece, 'applied', isCertain ? null : { code: 'standby-behind', facts: {} });
    if (!isCertain) {
      this.replication = replication;
      this.say({ at: 'uncertain', tier, step: null });
    }
    this.say({ at: 'committed', tier, step: null });
  }

  /** Replaces a lost answer by what the database says; only `not applied` or `unknown` is an error. */
  private async conclude(piece: TierTransaction, outcome: TransactionOutcome, error: unknown): Promise<void> {
    if (outcome.outcome === 'applied') return await this.applied(piece, outcome.replication);
    await this.record(piece, outcome.outcome, outcomeReason(outcome));
    if (outcome.outcome === 'unknown') throw unknown(`the outcome of tier ${piece.tier.id}`, outcome.why, outcome.look);
    throw notApplied(error, this.entry(piece));
  }

  /** Another attempt has the fence: wait while its session exists, then continue from the present state of the database. */
  private async letOther(): Promise<void> {
    const { epoch } = this;
    this.epoch = this.told = '';
    const until = performance.now() + (this.plan.patience ?? defaultPatience).budget;
    while (await gate.isNewerAlive(await this.open(), epoch)) {
      this.say({ at: 'waiting', tier: null, step: null });
      if (performance.now() > until)
        throw new OneRoofError('ROLLOUT_FENCED', {
          problem: `a newer attempt, which still runs, fenced off attempt ${epoch}`,
          fix: 'wait until it ends, then run the same command again',
        });
      await this.pause(200);
    }
  }

  private async open(): Promise<Session> {
    if (this.session !== null) return this.session;
    this.session = await this.connect(attemptName);
    this.plan.onSession?.(this.session.pid);
    // an address may lead elsewhere than a moment ago
    await requireWritable(this.session);
    return this.session;
  }

  private connect(applicationName: string): Promise<Session> {
    const { sealed, target, lease } = this.plan;
    return openExecutor(target.executor, sealed.release.settings, { applicationName, write: 'yes', lease });
  }

  private async renewed(): Promise<Session> {
    const session = await this.open();
    const { sealed, lease } = this.plan;
    await renewSettings(session, sealed.release.settings, { applicationName: attemptName, write: 'yes', lease });
    return session;
  }

  private async close(): Promise<void> {
    await this.session?.close();
    this.session = null;
  }

  /** The fence is raised once there is work to do; a retry keeps its attempt. */
  private async begin(): Promise<void> {
    const session = await this.renewed();
    const { signal } = this.plan;
    // also where its commit waits for a standby: a fence that a failover loses fences no one off, and no one goes on there
    let cancelled: Promise<unknown> = Promise.resolve();
    const cancel = (): void => {
      cancelled = session.cancel().catch(() => null);
    };
    const stopListening = onAbort(signal, cancel);
    try {
      this.epoch = await gate.beginAttempt(session, this.plan);
    } catch (error) {
      if (signal?.aborted === true) throw rolloutInterrupted(null);
      // the fence is held by a transaction of an older attempt: as good as any other lock
      throw isRetryable(sqlStateOf(error)) ? new Undone(error, null) : error;
    } finally {
      stopListening();
      await cancelled;
    }
    this.say({ at: 'attempt', tier: null, step: Number(this.epoch) });
  }

  private entry(piece: TierTransaction): gate.TierCall {
    const { statement, direction } = this.plan;
    return { statement, direction, tier: piece.tier.id, epoch: this.epoch };
  }

  private async record(
    piece: TierTransaction,
    phase: Execution['phase'],
    reason: ExecutionReason | null,
  ): Promise<void> {
    const { sealed, target, statement, direction } = this.plan;
    const first = piece.steps[0]?.n ?? 0;
    const what = { release: sealed.release.name, seal: sealed.seal, target: target.name, statement, direction };
    const steps: Execution['steps'] = [first, piece.steps.at(-1)?.n ?? first];
    const { epoch } = this;
    await this.plan.record({ version: 1, ...what, tier: piece.tier.id, steps, epoch, phase, reason, at: now() });
  }

  private async pause(length: number): Promise<void> {
    await wait(length, undefined, { signal: this.plan.signal }).catch(() => {
      throw rolloutInterrupted(null);
    });
  }

  private say(event: RolloutEvent): void {
    this.plan.onProgress?.(event);
  }
}
