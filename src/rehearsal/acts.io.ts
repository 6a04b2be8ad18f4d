import { randomBytes } from 'node:crypto';
import { type Clone } from '../clone/index.ts';
import { type Problem } from '../core/index.ts';
import { type Session } from '../database/index.ts';
import { type SchemaDelta, SchemaDeltas } from '../fingerprint/index.ts';
import { type Direction, type Expectation, type Release, type Tier, type TierId } from '../release/index.ts';
import { type Boundaries } from './boundaries.io.ts';
import { type Comparing, type MarkedClone, schemaOf } from './compare.io.ts';
import { type Notifications } from './dispatch.ts';
import { type Listener, openListener } from './dispatch.io.ts';
import { measureAndJudge } from './invariants.io.ts';
import { type RehearsalOptions, type Stage, type StageResult, type StepMeasure } from './rehearsal.ts';
import { withReleaseSession } from './release-session.io.ts';
import { runChecks, runTier } from './tier.io.ts';

/** Draws a 64-bit integer as text. */
function drawSeed(): string {
  return randomBytes(8).readBigInt64BE().toString();
}

/** Tiers that can be undone one after the other, and the one-way tier before them, which stays in place. */
export interface Part {
  readonly from: TierId | null;
  readonly tiers: readonly Tier[];
}

/** What the stages of a rehearsal do: tiers up and down, and what is measured meanwhile. */
export class Acts implements Comparing {
  readonly stages: StageResult[] = [];
  readonly release: Release;
  readonly options: RehearsalOptions;
  readonly clone: Clone;
  readonly seeds: readonly [string, string];
  readonly deltas = new SchemaDeltas();
  readonly notifications: Notifications[] = [];
  boundaries: Boundaries | null = null;
  /** A tier was not committed: what comes after it cannot be rehearsed. */
  protected stuck = false;
  /** The schema after the tiers that may be rolled out, where others run after them. */
  protected released: SchemaDelta | null = null;
  /** The clone as it was made. */
  protected first: MarkedClone | null = null;
  /** Of the stage that runs. */
  protected steps: StepMeasure[] = [];
  private metrics: Record<string, number> = {};
  private readonly listeners = new Map<Clone, Listener>();

  constructor(options: RehearsalOptions, clone: Clone) {
    this.options = options;
    this.release = options.release.release;
    this.clone = clone;
    this.seeds = options.seeds ?? [drawSeed(), drawSeed()];
  }

  protected async stage(stage: Stage, work: () => Promise<readonly Problem[]>): Promise<boolean> {
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

  protected session<T>(use: (session: Session) => Promise<T>): Promise<T> {
    const { settings } = this.release;
    return withReleaseSession(this.clone.connection, { settings, signal: this.options.signal }, use);
  }

  protected expect(expected: Readonly<Record<string, Expectation>>, when: string): Promise<readonly Problem[]> {
    // without a metric there is nothing to ask
    if (this.release.metrics.length === 0) return Promise.resolve([]);
    const all = { ...this.release.invariants.always, ...expected };
    return this.session((session) =>
      measureAndJudge(session, this.release, { expected: all, when, measured: this.metrics }),
    );
  }

  /** One for each clone. What a function sends that the release makes stands in the release, so the clone is asked before its first tier. */
  private async listener(clone: Clone): Promise<Listener> {
    const steps = this.release.tiers.flatMap(({ up, down }) => [...up, ...down]);
    const open =
      this.listeners.get(clone) ??
      (await openListener(
        clone,
        steps.map((step) => step.sql),
      ));
    this.listeners.set(clone, open);
    return open;
  }

  /** Ends the sessions that listen. */
  protected async closeListeners(): Promise<void> {
    for (const { session } of this.listeners.values()) await session.close();
    this.listeners.clear();
  }

  private async tier(clone: Clone, tier: Tier, direction: Direction): Promise<readonly Problem[]> {
    const { settings, invariants } = this.release;
    const { always } = invariants;
    const when = `tier ${tier.id} ${direction}`;
    const run = await withReleaseSession(clone.connection, { settings, signal: this.options.signal }, async (session) =>
      runTier(session, {
        tier,
        direction,
        limits: { release: this.release, listener: await this.listener(clone) },
        onStep: this.options.onProgress,
        before: async () => [
          ...(direction === 'up' ? await runChecks(session, tier) : []),
          ...(Object.keys(always).length === 0
            ? []
            : await measureAndJudge(session, this.release, {
                expected: always,
                when,
                measured: this.metrics,
                only: 'expected',
              })),
        ],
      }),
    );
    this.steps = [...this.steps, ...run.steps];
    if (run.notifications !== null) this.notifications.push(run.notifications);
    if (!run.done) this.stuck = true;
    return run.problems;
  }

  /** Runs tiers one after the other; the one that was not committed is the last one. */
  protected async run(clone: Clone, tiers: readonly Tier[], direction: Direction): Promise<readonly Problem[]> {
    const problems: Problem[] = [];
    for (const tier of tiers) {
      problems.push(...(await this.tier(clone, tier, direction)));
      if (this.stuck) break;
    }
    return problems;
  }

  /** Forward, from a tier on where the way back came no further. */
  protected async forward(tiers: readonly Tier[] = this.release.tiers): Promise<readonly Problem[]> {
    const start = performance.now();
    const problems = [
      ...(await this.run(
        this.clone,
        tiers.filter((one) => one.barred === null),
        'up',
      )),
    ];
    if (this.stuck) return problems;
    const total = performance.now() - start;
    const bound = this.release.budgets.total;
    if (bound !== null && total > bound)
      problems.push({
        code: 'BUDGET_TOTAL',
        problem: `the forward took ${Math.round(total)} ms, expected at most ${bound} ms`,
        fix: 'make the release faster, or raise budgets.total in release.yaml',
      });
    // finalized speaks of what may be rolled out, so it is judged before the barred tiers run
    problems.push(...(await this.expect(this.release.invariants.finalized, 'finalized')));
    const barred = tiers.filter((one) => one.barred !== null);
    if (barred.length > 0 && this.first !== null) this.released ??= await schemaOf(this.first, this);
    return [...problems, ...(await this.run(this.clone, barred, 'up'))];
  }

  /** Undoes tiers, the last one first, and compares each boundary that is reached; `from`: the tier that stays in place. */
  protected async back(
    marked: MarkedClone,
    part: { readonly tiers: readonly Tier[]; readonly from: TierId | null },
  ): Promise<readonly Problem[]> {
    const problems: Problem[] = [];
    const { tiers, from } = part;
    for (const tier of tiers.toReversed()) {
      problems.push(...(await this.tier(marked.clone, tier, 'down')));
      if (this.stuck) return problems;
      const after = tiers[tiers.indexOf(tier) - 1]?.id ?? from;
      if (after !== null) problems.push(...((await this.boundaries?.compare(marked, after)) ?? []));
    }
    return problems;
  }
}
