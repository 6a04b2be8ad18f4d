import { type Clone } from '../clone/index.ts';
import { type Problem } from '../core/index.ts';
import { type Noticed, type SchemaDelta } from '../fingerprint/index.ts';
import { type Tier, type TierId } from '../release/index.ts';
import {
  compareWithGolden,
  compareWithTwin,
  type Finalized,
  markClone,
  type MarkedClone,
  schemaOf,
  type Varying,
} from './compare.io.ts';
import { changesOf, type SchemaChanges } from './changes.ts';
import { readSchemaDigests } from './gate-schema.io.ts';
import { heldBy, skippedInvalid, touchedBy, undeclared } from './judge.ts';
import { Boundaries } from './boundaries.io.ts';
import { type StopResult } from './boundary.ts';
import { proveStops } from './stops.io.ts';
import { boundariesOf, chosen, forwardOrder, reversibleParts } from './boundaries.ts';
import { readConditions } from './leftovers.io.ts';
import { type Conditions, judgeLeftovers, type Leftover, leftoversBetween } from './leftovers.ts';
import { explained, incomplete, proofOf, stale, unprovenBoundary, varying } from './proof.ts';
import { differencesOf, schemasOf, type Standing } from './standing.ts';
import { type Proof, type Rehearsal, type Twin } from './rehearsal.ts';
import { Acts, type Part } from './acts.io.ts';
import { forwardOnTwin, prepareTwin, readTables } from './twin.io.ts';

/** Compares a clone with the golden copy. */
type Prove = (marked: MarkedClone, written: ReadonlySet<string>) => Promise<Standing>;

/** The stages of one rehearsal on one clone, in order; one that leaves the tiers in place hides none after it. */
export class Run extends Acts {
  proof: Proof | null = null;
  idempotent: boolean | null = null;
  repeatable: boolean | null = null;
  twin: Twin | null = null;
  gateSchema: string | null = null;
  schemaBefore = '';
  changes: SchemaChanges | null = null;
  touched: Rehearsal['touched'] = [];
  leftovers: readonly Leftover[] = [];
  stops: readonly StopResult[] = [];
  noticed: readonly Noticed[] = [];
  private readonly marked: MarkedClone[] = [];
  private twinClone: Clone | null = null;
  private second: Finalized | null = null;
  private finalized: SchemaDelta | null = null;

  /** `refused`: why it cannot be run as the role that a rollout has. */
  async all(refused: readonly Problem[]): Promise<void> {
    const { greenfield } = this.release.invariants;
    const first = await this.mark(this.clone);
    this.first = first;
    this.noticed = first.noticed;
    ({ gate: this.gateSchema, own: this.schemaBefore } = await readSchemaDigests(first.reading, this.options.host));
    const { options, seeds, deltas } = this;
    const standing = (): Promise<Standing> => compareWithGolden(first, this);
    const closely: Prove = (marked, written) => compareWithGolden(marked, { options, seeds, deltas, written });
    const preflight = (): Promise<readonly Problem[]> =>
      refused.length > 0 ? Promise.resolve(refused) : this.expect(greenfield, 'greenfield');
    if (!(await this.stage('preflight', preflight))) return;
    // what production brings along is not the release's doing
    const brought = await this.session((session) => readConditions(session));
    // a problem that leaves the tiers in place hides no other: what comes after it is rehearsed too
    const forward = await this.stage('forward', () => this.firstForward(standing, brought));
    if (this.stuck) return;
    await this.stage('verify', () => this.expect({}, 'finalized'));
    const alike = await this.stage('twin', () => this.forwardOnBoth(first));
    const parts = reversibleParts(this.release.tiers);
    const last = parts.at(-1) ?? { from: null, tiers: [] };
    await this.stage('back', () => this.firstBack(first, last, brought));
    if (this.stuck) return;
    if (!(await this.stage('prove', () => this.prove(first, { parts, closely })))) return;
    const rerunnable = last.tiers.filter((tier) => this.release.rerunnable === true || tier.rerunnable === true);
    if (rerunnable.length > 0) {
      const again = { ...last, tiers: rerunnable };
      if (!(await this.stage('back-again', () => this.backAgain(first, again, () => closely(first, new Set())))))
        return;
    }
    // it does what the forward did, and is compared with the twin: where these failed it says nothing more
    if (!forward || !alike) return;
    if (!(await this.stage('forward-again', () => this.forwardAgain(first, last.tiers)))) return;
    await this.stage('verify-again', () => this.expect({}, 'finalized'));
  }

  /** Ends what is open on the clones, and drops the twin, if there is one. */
  async close(): Promise<void> {
    await this.closeListeners();
    await Promise.all(this.marked.splice(0).map(({ reading }) => reading.close()));
    if (this.twinClone !== null) await this.options.host.drop(this.twinClone.lease.database);
    this.twinClone = null;
  }

  private async firstForward(standing: () => Promise<Standing>, brought: Conditions): Promise<readonly Problem[]> {
    const problems = await this.forward();
    // a CREATE INDEX CONCURRENTLY that failed leaves its debris behind, so that is looked for either way
    this.leftovers = leftoversBetween(brought, await this.session((session) => readConditions(session)));
    const leftovers = [...judgeLeftovers(this.leftovers, this.release.allows), ...skippedInvalid(brought, this.steps)];
    if (this.stuck) return [...problems, ...leftovers];
    const now = await standing();
    this.finalized = now.delta;
    // what the forward made may have options that nothing had before; what it dropped had them
    const there = now.noticed;
    const same = (one: Noticed, other: Noticed): boolean => one.kind === other.kind && one.option === other.option;
    this.noticed = [...this.noticed.filter((one) => !there.some((other) => same(one, other))), ...there];
    this.changes = changesOf(this.released ?? now.delta, now.data, {
      tiers: this.release.tiers,
      steps: this.steps,
    });
    this.touched = touchedBy(this.release, this.steps, now);
    return [...problems, ...undeclared(this.touched), ...leftovers];
  }

  private async firstBack(first: MarkedClone, part: Part, brought: Conditions): Promise<readonly Problem[]> {
    const problems = await this.back(first, part);
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
    const marked = await this.mark(clone);
    const prepared = await prepareTwin(clone.connection, tables);
    const forward = this.stages.flatMap(({ steps }) => steps);
    const plans = boundariesOf(this.release.tiers, forward);
    const boundaries = new Boundaries(plans, chosen(plans, this.options.full === true), this);
    this.boundaries = boundaries;
    const after = (tier: TierId): Promise<void> => boundaries.record(marked, tier);
    const problems = await forwardOnTwin(clone, this.release, { signal, after });
    this.second = { ...marked, delta: await schemaOf(marked, this) };
    const found = problems.length > 0 ? [] : await this.unlikeTwin(first, this.finalized);
    const varies = found.map(({ difference, columns }) => ({ object: difference.name, columns }));
    this.twin = { prepared, varies, declared: this.release.varies, durationMs: performance.now() - start };
    return [...problems, ...varying(found)];
  }

  private async mark(clone: Clone): Promise<MarkedClone> {
    const marked = await markClone(clone);
    this.marked.push(marked);
    return marked;
  }

  /** How the clone, finalized, differs from its twin. */
  private async unlikeTwin(first: MarkedClone, delta: SchemaDelta | null): Promise<readonly Varying[]> {
    if (this.second === null || delta === null) return [];
    return await compareWithTwin({ ...first, delta }, this.second, this);
  }

  /** Proves each part that can be undone: the last one on the clone that is there, the others on one of their own. */
  private async prove(
    first: MarkedClone,
    of: { readonly parts: readonly (Part & { readonly last: boolean })[]; readonly closely: Prove },
  ): Promise<readonly Problem[]> {
    const problems: Problem[] = [];
    for (const part of of.parts) {
      if (part.tiers.length === 0 && part.from !== null) continue;
      if (part.last) problems.push(...(await this.proveOn(first, part, of.closely)));
      else problems.push(...(await this.proveElsewhere(part, of.closely)));
    }
    if (this.stuck) return problems;
    const { options, seeds, deltas } = this;
    const measured = this.stages.flatMap(({ steps }) => steps);
    const within = await proveStops({ options, seeds, deltas, measured });
    this.stops = within.results;
    return [...problems, ...within.problems];
  }

  private async proveElsewhere(part: Part, closely: Prove): Promise<readonly Problem[]> {
    const { host, owner } = this.options;
    const order = forwardOrder(this.release.tiers);
    const end = order.indexOf(part.tiers.at(-1) as Tier) + 1;
    const clone = await host.makeClone({
      purpose: `rollback of ${this.release.name} before ${order[end]?.id}`,
      owner,
      hours: 4,
    });
    try {
      const marked = await this.mark(clone);
      const problems = [
        ...(await this.run(clone, order.slice(0, end), 'up')),
        ...(this.stuck ? [] : await this.back(marked, part)),
      ];
      return this.stuck ? problems : [...problems, ...(await this.proveOn(marked, part, closely))];
    } finally {
      await host.drop(clone.lease.database);
    }
  }

  /** Proves that a clone is as it was before a part: equal to the golden copy, or to what was recorded behind the one-way tier. */
  private async proveOn(marked: MarkedClone, { from }: Part, closely: Prove): Promise<readonly Problem[]> {
    const start = performance.now();
    const steps = [...this.stages.flatMap((stage) => stage.steps), ...this.steps];
    const written = new Set(touchedBy(this.release, steps, null).map(({ relation }) => relation));
    const now = await closely(marked, written);
    const doubtful = stale(now.doubtful);
    // behind a one-way tier nothing is as in the golden copy; the boundary was compared on the way back
    if (from !== null) return [...doubtful, ...unprovenBoundary(this.boundaries?.results.get(from), from)];
    const differences = differencesOf(now);
    this.proof = proofOf({ standing: now, differences, seeds: this.seeds, durationMs: performance.now() - start });
    // the verdict is taken from all differences, never from the ones that the record has room for
    const touched = new Set([...this.touched.map(({ relation }) => relation), ...heldBy(steps)]);
    return [
      ...explained(differences, {
        code: 'BACK_DIFFERS',
        level: this.release.requires,
        schemas: schemasOf(now),
        work: { tiers: this.release.tiers, steps },
      }),
      ...incomplete(this.proof, touched),
      ...doubtful,
    ];
  }

  private async backAgain(
    first: MarkedClone,
    part: Part,
    standing: () => Promise<Standing>,
  ): Promise<readonly Problem[]> {
    this.idempotent = false;
    const problems = await this.run(this.clone, part.tiers.toReversed(), 'down');
    if (problems.length > 0)
      return problems.map((one) => ({
        ...one,
        code: 'BACK_NOT_IDEMPOTENT' as const,
        problem: `the way back fails when it is run a second time: ${one.problem}`,
        fix: `use IF EXISTS, or a condition, so that a second run changes nothing (${one.fix})`,
      }));
    const again =
      part.from === null
        ? explained(differencesOf(await standing()), { code: 'BACK_NOT_IDEMPOTENT', level: 'logical' })
        : ((await this.boundaries?.compare(first, part.from)) ?? []);
    this.idempotent = again.length === 0;
    return again;
  }

  private async forwardAgain(first: MarkedClone, tiers: readonly Tier[]): Promise<readonly Problem[]> {
    const problems = await this.forward(tiers);
    if (problems.length > 0) return problems;
    const found = await this.unlikeTwin(first, await schemaOf(first, this));
    this.repeatable = found.length === 0;
    return varying(found, 'FORWARD_NOT_REPEATABLE');
  }
}
