import { randomBytes } from 'node:crypto';
import { type Clone, type CloneHost } from '../clone/index.ts';
import { type Milliseconds, OneRoofError, type Problem } from '../core/index.ts';
import { measureMetric, readerOf, type Session } from '../database/index.ts';
import { captureRows, captureSchema } from '../fingerprint/index.ts';
import { type Direction, type Expectation, type Release, type SealedRelease, type Tier } from '../release/index.ts';
import { judgeInvariants, touchedBy, undeclared } from './judge.ts';
import { findLeftovers } from './leftovers.io.ts';
import { differencesOf, explained, proofOf, type State } from './proof.ts';
import { type Proof, type Rehearsal, type Stage, type StageResult, type StepMeasure } from './rehearsal.ts';
import { runChecks, runTier, withReleaseSession } from './tier.io.ts';

/** What a rehearsal reports while it runs. */
export interface RehearsalEvent {
  readonly stage: Stage;
  readonly state: 'started' | 'passed' | 'failed';
}

/** What a rehearsal needs. */
export interface RehearsalOptions {
  readonly release: SealedRelease;
  readonly host: CloneHost;
  readonly owner: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (event: RehearsalEvent) => void;
  /** Two 64-bit integers as text; drawn here, after the seal, where none are given. */
  readonly seeds?: readonly [string, string];
}

/** Draws a 64-bit integer as text. */
function drawSeed(): string {
  return randomBytes(8).readBigInt64BE().toString();
}

/** The stages of one rehearsal on one clone, in order; a stage that fails is the last one. */
export class Run {
  readonly stages: StageResult[] = [];
  readonly release: Release;
  readonly options: RehearsalOptions;
  readonly clone: Clone;
  readonly seeds: readonly [string, string];
  serverVersion = 0;
  proof: Proof | null = null;
  idempotent: boolean | null = null;
  repeatable: boolean | null = null;
  touched: Rehearsal['touched'] = [];
  private metrics: Record<string, number> = {};
  private steps: StepMeasure[] = [];

  constructor(options: RehearsalOptions, clone: Clone) {
    this.options = options;
    this.release = options.release.release;
    this.clone = clone;
    this.seeds = options.seeds ?? [drawSeed(), drawSeed()];
  }

  async all(): Promise<void> {
    const { greenfield, finalized } = this.release.invariants;
    const reversible = this.release.tiers.every((tier) => tier.oneWay === null);
    if (!(await this.stage('preflight', () => this.expect(greenfield, 'greenfield')))) return;
    const before = await this.capture();
    // what production brings along is not the release's doing
    const brought = new Set((await this.session((session) => findLeftovers(session))).map(({ problem }) => problem));
    let first = before;
    const forward = async (): Promise<readonly Problem[]> => await this.forward(finalized);
    const firstForward = async (): Promise<readonly Problem[]> => {
      const problems = await forward();
      // a CREATE INDEX CONCURRENTLY that failed leaves its debris behind, so that is looked for either way
      const found = await this.session((session) => findLeftovers(session));
      const leftovers = found.filter(({ problem }) => !brought.has(problem));
      if (problems.length > 0) return [...problems, ...leftovers];
      first = await this.capture();
      this.touched = touchedBy(this.release, this.steps, differencesOf(before, first));
      return [...undeclared(this.touched), ...leftovers];
    };
    if (!(await this.stage('forward', firstForward))) return;
    if (!(await this.stage('verify', () => this.expect({}, 'finalized')))) return;
    if (!(await this.stage('back', () => this.back()))) return;
    // a one-way tier stops the way back: there is nothing to be equal to, and the report says so by a missing proof
    if (!reversible) return;
    let restored = before;
    const prove = async (): Promise<readonly Problem[]> => {
      const start = performance.now();
      restored = await this.capture();
      const differences = differencesOf(before, restored);
      this.proof = proofOf({ before, after: restored, differences, durationMs: performance.now() - start });
      // the verdict is taken from all differences, never from the ones that the record has room for
      return explained(differences, { code: 'BACK_DIFFERS', level: this.release.requires });
    };
    if (!(await this.stage('prove', prove))) return;
    if (!(await this.stage('back-again', () => this.backAgain(restored)))) return;
    const again = async (): Promise<readonly Problem[]> => {
      const problems = await forward();
      if (problems.length > 0) return problems;
      const differences = differencesOf(first, await this.capture()).filter((one) => one.level === 'logical');
      this.repeatable = differences.length === 0;
      return explained(differences, { code: 'FORWARD_NOT_REPEATABLE', level: 'logical' });
    };
    if (!(await this.stage('forward-again', again))) return;
    await this.stage('verify-again', () => this.expect({}, 'finalized'));
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

  /** Fingerprints are taken by the clone's administrator, without the release's role and time-outs. */
  private capture(): Promise<State> {
    const none = 0 as Milliseconds;
    const settings = { lockTimeout: none, statementTimeout: none, searchPath: ['pg_catalog'], role: null };
    return withReleaseSession(this.clone.connection, { settings, signal: this.options.signal }, async (session) => {
      this.serverVersion = session.serverVersion;
      const { seeds } = this;
      const data = await captureRows(this.clone.connection, { seeds, signal: this.options.signal });
      return { schema: await captureSchema(session), data };
    });
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
        before: async () => [
          ...(direction === 'up' ? await runChecks(session, tier) : []),
          ...(Object.keys(always).length === 0
            ? []
            : await this.judge(session, { expected: always, when: `tier ${tier.id} ${direction}`, only: 'expected' })),
        ],
      }),
    );
    this.steps.push(...run.steps);
    const { lock } = this.release.budgets;
    if (run.problems.length > 0 || lock === null || run.lockMs <= lock) return run.problems;
    return [
      {
        code: 'BUDGET_LOCK',
        problem: `tier ${tier.id} ${direction}: an ACCESS EXCLUSIVE lock was held for ${Math.round(run.lockMs)} ms, expected at most ${lock} ms`,
        fix: 'split the tier, or raise budgets.lock in release.yaml',
      },
    ];
  }

  private async forward(finalized: Readonly<Record<string, Expectation>>): Promise<readonly Problem[]> {
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
    const problems = await this.expect(finalized, 'finalized');
    if (problems.length > 0) return problems;
    for (const tier of this.release.tiers.filter((one) => one.barred !== null)) {
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

  private async backAgain(restored: State): Promise<readonly Problem[]> {
    this.idempotent = false;
    const problems = await this.back();
    if (problems.length > 0)
      return problems.map((one) => ({
        ...one,
        code: 'BACK_NOT_IDEMPOTENT' as const,
        problem: `the way back fails when it is run a second time: ${one.problem}`,
        fix: `use IF EXISTS, or a condition, so that a second run changes nothing (${one.fix})`,
      }));
    const differences = differencesOf(restored, await this.capture()).filter((one) => one.level === 'logical');
    this.idempotent = differences.length === 0;
    return explained(differences, { code: 'BACK_NOT_IDEMPOTENT', level: 'logical' });
  }
}
