import { type Problem } from '../../core/index.ts';
import { type Expectation, type Release, type Tier, type TierId } from '../../release/index.ts';
import { forwardOrder, reversibleParts, type TierChain } from '../boundaries/index.ts';
import { type Stage } from '../request/index.ts';
import { type StageResult } from './rehearsal.ts';

/** What a metric has to be when it is measured. */
export interface Measurement {
  readonly expected: Readonly<Record<string, Expectation>>;
  readonly when: 'greenfield' | 'finalized';
}

/** The tiers of a forward run: those that may be rolled out, then, after they are judged, the barred ones. */
export interface ForwardPlan {
  readonly open: readonly Tier[];
  readonly barred: readonly Tier[];
}

/** A part of the release whose rollback is proven. */
export interface ProofPlan {
  readonly part: TierChain;
  /** What runs forward first on a clone of its own, and the one-way tier before which that ends; null: on the clone that was rolled back. */
  readonly elsewhere: { readonly forward: readonly Tier[]; readonly before: TierId } | null;
}

/** What an act does. */
export type Work =
  | { readonly act: 'refuse'; readonly problems: readonly Problem[] }
  | ({ readonly act: 'measure' } & Measurement)
  | { readonly act: 'read-conditions' }
  | ({ readonly act: 'forward' } & ForwardPlan)
  | { readonly act: 'twin' }
  | { readonly act: 'back'; readonly part: TierChain }
  | { readonly act: 'prove'; readonly parts: readonly ProofPlan[] }
  | { readonly act: 'end-footprint' }
  | { readonly act: 'partitions'; readonly parents: readonly string[] }
  | { readonly act: 'back-again'; readonly part: TierChain }
  | ({ readonly act: 'forward-again' } & ForwardPlan);

/** An act of a rehearsal. */
export interface PlannedAct {
  readonly work: Work;
  /** Under which stage the record has what it sees; null: it only reads. */
  readonly stage: Stage | null;
  /** It is left out unless all of these have passed: a problem that leaves the tiers in place hides nothing after it. */
  readonly needs: readonly Stage[];
}

/** What a rehearsal does, in order. `refused`: why the release cannot be run as the role that a rollout has; `hasGate`: of the database. */
export function planOf(
  release: Release,
  on: { readonly refused: readonly Problem[]; readonly hasGate: boolean },
): readonly PlannedAct[] {
  const { tiers, invariants, expects } = release;
  const parts = reversibleParts(tiers);
  const last = parts.at(-1) ?? { from: null, tiers: [] };
  const rerunnable = last.tiers.filter((tier) => release.rerunnable === true || tier.rerunnable === true);
  const stage = (name: Stage, needs: readonly Stage[], work: Work): PlannedAct => ({ stage: name, needs, work });
  const reading = (needs: readonly Stage[], work: Work): PlannedAct => ({ stage: null, needs, work });
  const finalized: Work = { act: 'measure', expected: {}, when: 'finalized' };
  const proves: Work = { act: 'prove', parts: parts.flatMap((part) => proofPlan(part, tiers)) };
  // only a database with a gate compares, and lets new partitions through
  const acts = on.hasGate ? [reading(['prove'], { act: 'end-footprint' })] : [];
  if (on.hasGate && expects !== undefined)
    acts.push(stage('partitions', ['prove'], { act: 'partitions', parents: expects.partitionsOf }));
  const again = { ...last, tiers: rerunnable };
  if (rerunnable.length > 0) acts.push(stage('back-again', ['prove'], { act: 'back-again', part: again }));
  // it does what the forward run did, and is compared with the twin: where these failed it says nothing more
  const repeats: readonly Stage[] = [
    'forward',
    'twin',
    'prove',
    ...(rerunnable.length > 0 ? ['back-again' as const] : []),
  ];
  return [
    stage(
      'preflight',
      [],
      on.refused.length > 0
        ? { act: 'refuse', problems: on.refused }
        : { act: 'measure', expected: invariants.greenfield, when: 'greenfield' },
    ),
    reading(['preflight'], { act: 'read-conditions' }),
    stage('forward', ['preflight'], { act: 'forward', ...forwardPlan(tiers) }),
    stage('verify', ['preflight'], finalized),
    stage('twin', ['preflight'], { act: 'twin' }),
    stage('back', ['preflight'], { act: 'back', part: last }),
    stage('prove', ['preflight'], proves),
    ...acts,
    stage('forward-again', repeats, { act: 'forward-again', ...forwardPlan(last.tiers) }),
    stage('verify-again', ['forward-again'], finalized),
  ];
}

/** Whether an act is possible after what came before it: nothing is once a tier was not committed. */
export function isPossible(
  { needs }: PlannedAct,
  now: { readonly isStuck: boolean; readonly stages: readonly Pick<StageResult, 'stage' | 'outcome'>[] },
): boolean {
  const passed = now.stages.filter(({ outcome }) => outcome === 'passed').map(({ stage }) => stage);
  return !now.isStuck && needs.every((stage) => passed.includes(stage));
}

function forwardPlan(tiers: readonly Tier[]): ForwardPlan {
  return {
    open: tiers.filter(({ barred }) => barred === null),
    barred: tiers.filter(({ barred }) => barred !== null),
  };
}

function proofPlan(part: TierChain & { readonly last: boolean }, tiers: readonly Tier[]): readonly ProofPlan[] {
  if (part.tiers.length === 0 && part.from !== null) return [];
  const order = forwardOrder(tiers);
  const end = order.findIndex((tier) => tier === part.tiers.at(-1)) + 1;
  const next = order[end];
  const elsewhere = part.last || next === undefined ? null : { forward: order.slice(0, end), before: next.id };
  return [{ part, elsewhere }];
}
