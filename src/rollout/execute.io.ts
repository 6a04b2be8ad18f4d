import { isNonEmpty, now } from '../core/index.ts';
import { type Session } from '../database/index.ts';
import { type BatchedStep, refusalOf, requireLoopback } from '../gate/index.ts';
import { type Tier, type TierId } from '../release/index.ts';
import * as gate from './gate-calls.io.ts';
import { awaitNewer, raiseFence } from './attempt.io.ts';
import { batchesOf, paceOf } from './batch-course.ts';
import { betweenTransactions, refuseOutside, unknown } from './halt.ts';
import { nextAct, remaining } from './next-act.ts';
import { patiently } from './patiently.io.ts';
import { type OutsideStep, readUndecided, runOutside, type OutsideRow, sentStep } from './outside.io.ts';
import { type ExecutionReason, executionReasonOf, outcomeReason } from './reason.ts';
import { defaultPatience } from './retry.ts';
import {
  type BatchesDone,
  type Execution,
  type TransactionOutcome,
  type Progress,
  type Replication,
  type RolloutEvent,
  type RolloutResult,
  type TierRun,
} from './rollout.ts';
import { ExecutorLink } from './executor-link.io.ts';
import { rolloutInterrupted } from './executor-session.io.ts';
import { type RolloutRun } from './run.ts';
import { settle } from './settle.io.ts';
import { type Numbered } from './steps.io.ts';
import { TransactionLines } from './transaction-lines.io.ts';
import {
  type Committed,
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
 * Errors  GATE_STEP_OUTSIDE before anything is begun; LOCK_TIMEOUT: an older attempt holds the fence; ROLLOUT_BUSY, SQL_FAILED, QUERY_TIMEOUT,
 *         CONNECTION_LOST: the tier was not applied; ROLLOUT_UNKNOWN: look first; ROLLOUT_FENCED: another attempt works; INTERRUPTED.
 */
export async function execute(run: RolloutRun): Promise<RolloutResult> {
  refuseOutside(run);
  return await new Executor(run).run();
}

/** One run: its session, its attempt, and what it has done. */
class Executor {
  private readonly plan: RolloutRun;
  private readonly done: TierRun[] = [];
  private readonly link: ExecutorLink;
  private epoch = '';
  /** The attempt of which `onFence` was told last. */
  private told = '';
  private replication: Replication = 'as-configured';
  private readonly lines: TransactionLines;
  private readonly sendsOutside: boolean;
  /** How far the step is that runs in batches now. */
  private batched: BatchedStep | null = null;
  private pace: BatchesDone | null = null;

  constructor(plan: RolloutRun) {
    this.plan = plan;
    this.link = new ExecutorLink(plan);
    this.lines = new TransactionLines(plan);
    this.sendsOutside = plan.sealed.release.tiers.some(({ transaction }) => transaction === 'outside');
  }

  async run(): Promise<RolloutResult> {
    try {
      for (;;) {
        if (this.plan.signal?.aborted === true) throw rolloutInterrupted(null);
        const session = await this.link.open();
        const open = this.sendsOutside ? await readUndecided(session, this.plan.statement) : null;
        const ended = await this.unlessHeld(() => (open === null ? this.go(session) : this.settleSent(open)));
        if (ended !== null) return ended;
      }
    } catch (error) {
      throw unusable(error, 'nothing was begun') ?? betweenTransactions(error);
    } finally {
      await this.link.close();
    }
  }

  /** A refusal of the gate holds the run; one for another attempt's sake is waited for, and all is read again. */
  private async unlessHeld(work: () => Promise<RolloutResult | null>): Promise<RolloutResult | null> {
    try {
      return await work();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      if (refusal.code !== 'fence')
        return { result: 'held', ...this.what(), reasons: [{ code: 'gate', facts: refusal }] };
      await this.letOther();
      return null;
    }
  }

  /** Does the next act; null where there may be another one. */
  private async go(session: Session): Promise<RolloutResult | null> {
    const progress = await gate.readProgress(session, this.plan.statement);
    if (this.epoch !== this.told) await this.plan.onFence?.(progress, this.epoch);
    this.told = this.epoch;
    const { sealed, direction, through } = this.plan;
    const wish = { release: sealed.release, direction, through };
    const act = nextAct(wish, progress);
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
    if (this.epoch === '') {
      if (remaining(wish, progress).some((one) => one.tier.transaction === 'outside'))
        await requireLoopback(session, this.plan.target.name);
      await this.raise(tier);
      // what was read before the fence was raised may be out of date by now
      return null;
    }
    const started = now();
    this.replication = 'as-configured';
    if (tier.transaction === 'outside')
      for (const [index, step] of steps.entries())
        if (index + 1 >= act.firstStep) await this.outside(tier, { n: index + 1, step });
    for (const piece of transactionsIn(tier, direction, act.firstStep))
      if (piece.batch === null) await this.patiently(piece, () => this.once(piece));
      else await this.inBatches(piece, progress);
    const ran = { tier: tier.id, steps: steps.length + 1 - act.firstStep, started, ended: now() };
    this.done.push({ ...ran, replication: this.replication });
    return null;
  }

  /** Runs a statement outside of a transaction, with a line of the record before and after. */
  private async outside(tier: Tier, one: Numbered): Promise<void> {
    const piece = { tier, steps: [one], isLast: false, batch: null };
    await this.record(piece, 'intent', null);
    try {
      await runOutside({ ...this.port(tier), entry: this.entry(piece), one });
    } catch (error) {
      // the outcome of what a lost server may still run is told by its rows, later
      if (!isLost(error)) await this.record(piece, 'not-applied', executionReasonOf(error));
      throw error;
    }
    await this.applied(piece, { replication: 'as-configured', batched: null });
  }

  /** What an earlier attempt has sent is decided before anything else, in whichever direction it was. */
  private async settleSent(sent: OutsideRow): Promise<null> {
    const { tier, one } = sentStep(this.plan.sealed.release, sent);
    if (this.epoch === '') await this.raise(tier);
    else {
      const entry = { ...this.entry({ tier, steps: [], isLast: false, batch: null }), direction: sent.direction };
      await runOutside({ ...this.port(tier), entry, one, only: 'what was sent' });
    }
    return null;
  }

  private port(tier: Tier): Omit<OutsideStep, 'entry' | 'one'> {
    const { target, signal } = this.plan;
    return {
      target: target.name,
      tier,
      open: () => this.link.renewed(),
      close: () => this.link.close(),
      signal,
      onEvent: (event) => this.say(event),
      onRunner: (pid) => this.plan.onSession?.(pid),
    };
  }

  /** The fence is raised once there is work to do; a retry keeps its attempt. */
  private async raise(tier: Tier): Promise<void> {
    await this.patiently({ tier, steps: [], isLast: false, batch: null }, async () => {
      this.epoch = await raiseFence(await this.link.renewed(), this.plan);
      this.say({ at: 'attempt', tier: null, step: Number(this.epoch) });
    });
  }

  private what(): { readonly tiers: readonly TierId[]; readonly runs: readonly TierRun[] } {
    return { tiers: this.done.map(({ tier }) => tier), runs: this.done };
  }

  private async patiently(piece: TierTransaction, work: () => Promise<void>): Promise<void> {
    const { patience, signal } = this.plan;
    const onRetry = (): void => this.say({ at: 'retry', tier: piece.tier.id, step: null });
    await patiently(work, { entry: this.entry(piece), open: () => this.link.open(), patience, signal, onRetry });
  }

  /** Runs a step batch by batch, each a transaction of its own; between two of them replicas may catch up. */
  private async inBatches(piece: TierTransaction, progress: Progress): Promise<void> {
    const from = batchesOf(progress, this.placeOf(piece));
    const began = performance.now();
    for (this.batched = from; ; ) {
      await this.patiently(piece, () => this.once(piece));
      if (this.batched.done) break;
      this.pace = paceOf(this.batched, { from, spentMs: performance.now() - began });
      this.say({ at: 'batch', tier: piece.tier.id, step: piece.steps[0]?.n ?? null });
      try {
        await this.plan.awaitReplicas?.(() => this.say({ at: 'lagging', tier: piece.tier.id, step: null }));
      } catch (error) {
        await this.record(piece, 'not-applied', executionReasonOf(error));
        throw error;
      }
    }
    this.batched = this.pace = null;
  }

  private placeOf({ tier, steps }: TierTransaction): Pick<BatchedStep, 'direction' | 'tier' | 'n'> {
    return { direction: this.plan.direction, tier: tier.id, n: steps[0]?.n ?? 0 };
  }

  private async once(piece: TierTransaction): Promise<void> {
    const session = await this.link.renewed();
    const entry = this.entry(piece);
    const [before, backend] = [await gate.readIdentity(session), await gate.readBackend(session)];
    await this.record(piece, 'intent', null);
    let committed: Committed;
    try {
      const { signal } = this.plan;
      committed = await runPiece(session, { entry, piece }, { signal, onProgress: (event) => this.say(event) });
    } catch (error) {
      const cause = error instanceof Undone ? error.cause : error;
      if (!isLost(cause)) {
        await this.record(piece, 'not-applied', executionReasonOf(cause));
        throw error;
      }
      await this.link.close();
      const outcome = await settle({
        entry,
        lastStep: piece.isLast ? null : (piece.steps.at(-1)?.n ?? null),
        batches: piece.batch === null ? null : (this.batched?.batches ?? 0) + 1,
        before,
        backend,
        open: () => this.link.connect('oneroof outcome'),
        // a person who wants to stop must not wait for something that may never end
        patience: this.plan.signal?.aborted === true ? 1000 : (this.plan.lease ?? 30_000) + 5000,
      });
      return await this.conclude(piece, outcome, error);
    }
    await this.applied(piece, committed);
  }

  private async applied(piece: TierTransaction, { replication, batched }: Committed): Promise<void> {
    const tier = piece.tier.id;
    if (replication === 'uncertain') {
      this.replication = replication;
      this.say({ at: 'uncertain', tier, step: null });
    }
    this.batched = batched;
    // some batches remain: their step has not been applied
    if (batched?.done === false) return;
    const isCertain = (piece.batch === null ? replication : this.replication) === 'as-configured';
    await this.record(piece, 'applied', isCertain ? null : { code: 'standby-behind', facts: {} });
    this.say({ at: 'committed', tier, step: null });
  }

  /** Replaces a lost answer by what the database says; only `not applied` or `unknown` is an error. */
  private async conclude(piece: TierTransaction, outcome: TransactionOutcome, error: unknown): Promise<void> {
    if (outcome.outcome === 'applied') {
      if (piece.batch === null) return await this.applied(piece, { ...outcome, batched: null });
      const progress = await gate.readProgress(await this.link.open(), this.plan.statement);
      return await this.applied(piece, { ...outcome, batched: batchesOf(progress, this.placeOf(piece)) });
    }
    await this.record(piece, outcome.outcome, outcomeReason(outcome));
    if (outcome.outcome === 'unknown') throw unknown(`the outcome of tier ${piece.tier.id}`, outcome.why, outcome.look);
    throw notApplied(error, this.entry(piece));
  }

  /** Another attempt has the fence: wait while its session exists, then continue from the present state of the database. */
  private async letOther(): Promise<void> {
    const { epoch } = this;
    this.epoch = this.told = '';
    const { patience = defaultPatience, signal } = this.plan;
    const plan = { open: () => this.link.open(), epoch, budget: patience.budget, signal };
    await awaitNewer(plan, () => this.say({ at: 'waiting', tier: null, step: null }));
  }

  private record(piece: TierTransaction, phase: Execution['phase'], reason: ExecutionReason | null): Promise<void> {
    return this.lines.tell(piece, { epoch: this.epoch, phase, reason, at: now() });
  }

  private entry(piece: TierTransaction): gate.TierCall {
    const { statement, direction } = this.plan;
    return { statement, direction, tier: piece.tier.id, epoch: this.epoch };
  }

  private say(event: RolloutEvent): void {
    this.plan.onProgress?.(this.pace === null ? event : { ...event, batched: this.pace });
  }
}
