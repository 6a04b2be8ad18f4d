import { randomBytes } from 'node:crypto';
import { type Clone } from '../clone/index.ts';
import { OneRoofError, type Problem } from '../core/index.ts';
import { measureMetric, readerOf, type Session } from '../database/index.ts';
import { type Noticed, type SchemaFingerprint } from '../fingerprint/index.ts';
import { type Direction, type Expectation, type Release, type Tier } from '../release/index.ts';
import {
  captureClone,
  compareWithGolden,
  compareWithTwin,
  type Comparing,
  type FinalizedClone,
  markClone,
  type MarkedClone,
  type Varying,
} from './compare.io.ts';
import { changesOf, type SchemaChanges } from './changes.ts';
import { readSchemaDigests } from './gate-schema.io.ts';
import { heldBy, judgeInvariants, touchedBy, undeclared } from './judge.ts';
import { type Notifications } from './dispatch.ts';
import { readConditions } from './leftovers.io.ts';
import { type Conditions, judgeLeftovers, type Leftover, leftoversBetween } from './leftovers.ts';
import { explained, incomplete, proofOf, stale, varying } from './proof.ts';
import { differencesOf, type Standing } from './standing.ts';
import {
  type Proof,
  type RehearsalOptions,
  type Rehearsal,
  type Stage,
  type StageResult,
  type StepMeasure,
  type Twin,
} from './rehearsal.ts';
import { runChecks, runTier, withReleaseSession } from './tier.io.ts';
import { forwardOnTwin, prepareTwin, readTables } from './twin.io.ts';

/** Draws a 64-bit integer as text. */
function drawSeed(): string {
  return randomBytes(8).readBigInt64BE().toString();
}

/** The stages of one rehearsal on one clone, in order; a stage that fails is the last one. */
export class Run implements Comparing {
  readonly stages: StageResult[] = [];
  readonly release: Release;
  readonly options: RehearsalOptions;
  readonly clone: Clone;
  readonly seeds: readonly [string, string];
  proof: Proof | null = null;
  idempotent: boolean | null = null;
  repeatable: boolean | null = null;
  twin: Twin | null = null;
  gateSchema: string | null = null;
  schemaBefore = '';
  changes: SchemaChanges | null = null;
  touched: Rehearsal['touched'] = [];
  leftovers: readonly Leftover[] = [];
  noticed: readonly Noticed[] = [];
  readonly notifications: Notifications[] = [];
  private twinClone: Clone | null = null;
  private second: FinalizedClone | null = null;
  private finalized: SchemaFingerprint | null = null;
  /** The schema after the tiers that may be rolled out, where others run after them. */
  private released: SchemaFingerprint | null = null;
  private metrics: Record<string, number> = {};
  private steps: StepMeasure[] = [];

  constructor(options: RehearsalOptions, clone: Clone) {
    this.options = options;
    this.release = options.release.release;
    this.clone = clone;
    this.seeds = options.seeds ?? [drawSeed(), drawSeed()];
  }

  async all(): Promise<void> {
    const { greenfield } = this.release.invariants;
    const reversible = this.release.tiers.every((tier) => tier.oneWay === null);
    const first = await markClone(this.clone);
    const before = await captureClone(this.clone, this.options.signal);
    this.noticed = before.noticed;
    ({ gate: this.gateSchema, own: this.schemaBefore } = await readSchemaDigests(this.clone.connection));
    const { options, seeds } = this;
    const standing = (): Promise<Standing> => compareWithGolden(first, before, { options, seeds });
    const closely = (): Promise<Standing> => compareWithGolden(first, before, { options, seeds, examples: 'wanted' });
    if (!(await this.stage('preflight', () => this.expect(greenfield, 'greenfield')))) return;
    // what production brings along is not the release's doing
    const brought = await this.session((session) => readConditions(session));
    if (!(await this.stage('forward', () => this.firstForward(standing, brought)))) return;
    if (!(await this.stage('verify', () => this.expect({}, 'finalized')))) return;
    if (!(await this.stage('twin', () => this.forwardOnBoth(first)))) return;
    if (!(await this.stage('back', () => this.firstBack(brought)))) return;
    // a one-way tier stops the way back: there is nothing to be equal to, and the report says so by a missing proof
    if (!reversible) return;
    if (!(await this.stage('prove', () => this.prove(closely)))) return;
    if (!(await this.stage('back-again', () => this.backAgain(closely)))) return;
    if (!(await this.stage('forward-again', () => this.forwardAgain(first)))) return;
    await this.stage('verify-again', () => this.expect({}, 'finalized'));
  }

  /** Drops the twin, if there is one. */
  async close(): Promise<void> {
    if (this.twinClone !== null) await this.options.host.drop(this.twinClone.lease.database);
    this.twinClone = null;
  }

  private async stage(stage: Stage, work: () => Promise<readonly Problem[]>): Promise<boolean> {
    this.options.onProgress?.({ stage, state: 'started' });
    this.steps = [];
    this.metrics = {};
    const start = performance.now();
    const problems = await work();
    const outcome = problems.length === 0 ? 'passed' : 'failed';
    const durationMs = performance.now() - start;
    this.stages.push({ stage, durationMs, outcome, problems, metrics: this.metrics, steps: this.steps });
    this.options.onProgress?.({ stage, state: outcome });
    return outcome === 'passed';
  }

  private session<T>(use: (session: Session) => Promise<T>): Promise<T> {
    const { settings } = this.release;
    return withReleaseSession(this.clone.connection, { settings, signal: this.options.signal }, use);
  }

  private expect(expected: Readonly<Record<string, Expectation>>, when: string): Promise<readonly Problem[]> {
    return this.session((session) =>
      this.judge(session, { expected: { ...this.release.invariants.always, ...expected }, when }),
    );
  }

  private async judge(
    session: Session,
    want: {
      readonly expected: Readonly<Record<string, Expectation>>;
      readonly when: string;
      readonly only?: 'expected';
    },
  ): Promise<readonly Problem[]> {
    const problems: Problem[] = [];
    for (const { name, query } of this.release.metrics) {
      // inside a tier's transaction a metric that fails would abort it, so only what is asked for is measured there
      if (want.only === 'expected' && !(name in want.expected)) continue;
      try {
        this.metrics[name] = await measureMetric(readerOf(session), { name, sql: query.sql, place: query.place });
      } catch (error) {
        if (!(error instanceof OneRoofError) || error.code === 'CONNECTION_LOST') throw error;
        if (name in want.expected) problems.push(...error.problems);
        // a metric may look at what is not there yet; inside a transaction the rest must wait for its end
        if (problems.length > 0) return problems;
      }
    }
    return judgeInvariants(want.expected, this.metrics, want.when);
  }

  private async tier(tier: Tier, direction: Direction): Promise<readonly Problem[]> {
    const { always } = this.release.invariants;
    const run = await this.session((session) =>
      runTier(session, {
        tier,
        direction,
        limits: { release: this.release, server: this.clone.server },
        onStep: this.options.onProgress,
        before: async () => [
          ...(direction === 'up' ? await runChecks(session, tier) : []),
          ...(Object.keys(always).length === 0
            ? []
            : await this.judge(session, { expected: always, when: `tier ${tier.id} ${direction}`, only: 'expected' })),
        ],
      }),
    );
    this.steps.push(...run.steps);
    if (run.notifications !== null) this.notifications.push(run.notifications);
    return run.problems;
  }

  private async forward(): Promise<readonly Problem[]> {
    const start = performance.now();
    const open = this.release.tiers.filter((tier) => tier.barred === null);
    for (const tier of open) {
      const problems = await this.tier(tier, 'up');
      if (problems.length > 0) return problems;
    }
    const total = performance.now() - start;
    const bound = this.release.budgets.total;
    if (bound !== null && total > bound)
      return [
        {
          code: 'BUDGET_TOTAL',
          problem: `the forward took ${Math.round(total)} ms, expected at most ${bound} ms`,
          fix: 'make the release faster, or raise budgets.total in release.yaml',
        },
      ];
    // finalized speaks of what may be rolled out, so it is judged before the barred tiers run
    const problems = await this.expect(this.release.invariants.finalized, 'finalized');
    if (problems.length > 0) return problems;
    const barred = this.release.tiers.filter((one) => one.barred !== null);
    if (barred.length > 0) this.released ??= await captureClone(this.clone, this.options.signal);
    for (const tier of barred) {
      const more = await this.tier(tier, 'up');
      if (more.length > 0) return more;
    }
    return [];
  }

  private async back(): Promise<readonly Problem[]> {
    const barred = this.release.tiers.filter((tier) => tier.barred !== null).reverse();
    const open = this.release.tiers.filter((tier) => tier.barred === null).reverse();
    for (const tier of [...barred, ...open]) {
      if (tier.oneWay !== null) return [];
      const problems = await this.tier(tier, 'down');
      if (problems.length > 0) return problems;
    }
    return [];
  }

  private async firstForward(standing: () => Promise<Standing>, brought: Conditions): Promise<readonly Problem[]> {
    const problems = await this.forward();
    // a CREATE INDEX CONCURRENTLY that failed leaves its debris behind, so that is looked for either way
    this.leftovers = leftoversBetween(brought, await this.session((session) => readConditions(session)));
    const leftovers = judgeLeftovers(this.leftovers, this.release.allows);
    if (problems.length > 0) return [...problems, ...leftovers];
    const now = await standing();
    this.finalized = now.after;
    // what the forward made may have options that nothing had before; what it dropped had them
    const there = now.after.noticed;
    const same = (one: Noticed, other: Noticed): boolean => one.kind === other.kind && one.option === other.option;
    this.noticed = [...now.before.noticed.filter((one) => !there.some((other) => same(one, other))), ...there];
    this.changes = changesOf({ ...now, after: this.released ?? now.after });
    this.touched = touchedBy(this.release, this.steps, now);
    return [...undeclared(this.touched), ...leftovers];
  }

  private async firstBack(brought: Conditions): Promise<readonly Problem[]> {
    const problems = await this.back();
    const known = new Set(this.touched.map(({ relation }) => relation));
    const more = touchedBy(this.release, this.steps, null).filter(({ relation }) => !known.has(relation));
    this.touched = [...this.touched, ...more].toSorted((a, b) => (a.relation < b.relation ? -1 : 1));
    // only a whole cycle tells how many column numbers it costs; all else that differs is named by the proof
    const cycle = leftoversBetween(brought, await this.session((session) => readConditions(session)));
    const columns = cycle.filter((one) => one.kind === 'columns');
    this.leftovers = [...this.leftovers.filter((one) => one.kind !== 'columns'), ...columns];
    return [...problems, ...undeclared(more), ...judgeLeftovers(columns, this.release.allows)];
  }

  /** The forward on a second clone: what differs from the first one depends on more than the database's content. */
  private async forwardOnBoth(first: MarkedClone): Promise<readonly Problem[]> {
    const { host, owner, signal } = this.options;
    const start = performance.now();
    const tables = await readTables(this.clone.connection);
    const clone = await host.makeClone({ purpose: `twin of ${this.clone.lease.database}`, owner, hours: 4 });
    this.twinClone = clone;
    const marked = await markClone(clone);
    const prepared = await prepareTwin(clone.connection, tables);
    const problems = await forwardOnTwin(clone, this.release, signal);
    this.second = { ...marked, schema: await captureClone(clone, signal) };
    const found = problems.length > 0 ? [] : await this.unlikeTwin(first, this.finalized);
    const varies = found.map(({ difference, columns }) => ({ object: difference.name, columns }));
    this.twin = { prepared, varies, declared: this.release.varies, durationMs: performance.now() - start };
    return [...problems, ...varying(found)];
  }

  /** How the clone, finalized, differs from its twin. */
  private async unlikeTwin(first: MarkedClone, schema: SchemaFingerprint | null): Promise<readonly Varying[]> {
    if (this.second === null || schema === null) return [];
    return await compareWithTwin({ ...first, schema }, this.second, this);
  }

  private async prove(standing: () => Promise<Standing>): Promise<readonly Problem[]> {
    const start = performance.now();
    const now = await standing();
    const differences = differencesOf(now);
    this.proof = proofOf({ standing: now, differences, seeds: this.seeds, durationMs: performance.now() - start });
    // the verdict is taken from all differences, never from the ones that the record has room for
    const steps = this.stages.flatMap((stage) => stage.steps);
    const touched = new Set([...this.touched.map(({ relation }) => relation), ...heldBy(steps)]);
    const written = new Set(touchedBy(this.release, steps, null).map(({ relation }) => relation));
    const doubtful = now.doubtful.filter(({ table }) => written.has(table));
    return [
      ...explained(differences, { code: 'BACK_DIFFERS', level: this.release.requires }),
      ...incomplete(this.proof, touched),
      ...stale(doubtful),
    ];
  }

  private async backAgain(standing: () => Promise<Standing>): Promise<readonly Problem[]> {
    this.idempotent = false;
    const problems = await this.back();
    if (problems.length > 0)
      return problems.map((one) => ({
        ...one,
        code: 'BACK_NOT_IDEMPOTENT' as const,
        problem: `the way back fails when it is run a second time: ${one.problem}`,
        fix: `use IF EXISTS, or a condition, so that a second run changes nothing (${one.fix})`,
      }));
    // the first way back was proven equal to the golden copy, so the second one must be too
    const differences = differencesOf(await standing()).filter((one) => one.level === 'logical');
    this.idempotent = differences.length === 0;
    return explained(differences, { code: 'BACK_NOT_IDEMPOTENT', level: 'logical' });
  }

  private async forwardAgain(first: MarkedClone): Promise<readonly Problem[]> {
    const problems = await this.forward();
    if (problems.length > 0) return problems;
    const schema = await captureClone(this.clone, this.options.signal);
    const differences = (await this.unlikeTwin(first, schema)).map(({ difference }) => difference);
    this.repeatable = differences.length === 0;
    return explained(differences, { code: 'FORWARD_NOT_REPEATABLE', level: 'logical' });
  }
}
