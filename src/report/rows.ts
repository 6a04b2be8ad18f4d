import { type Digest } from '../core/index.ts';
import { type Cycle, type CycleRows, cyclesOf, explainReason, type GateRows, judge } from '../gate/index.ts';
import { type TierState } from '../page/index.ts';
import { type Release, type SealedRelease, type Tier } from '../release/index.ts';
import { type Act, nextAct } from '../rollout/index.ts';

/** What of a look at production tells whether everything is rolled out and holds. */
export interface Looked {
  /** Absent in records of before the gate was asked. */
  readonly rows?: GateRows | undefined;
  readonly exit: { readonly metrics: Readonly<Record<string, number>> } | null;
}

/** The course of time closes a ratification for these reasons; what was rolled out under it stays rolled out. */
const ofTime: readonly (string | undefined)[] = ['expired', 'rehearsal-age', 'registry', 'policy'];

/**
 * Why a look at production does not show that all of a release is rolled out and holds; empty where it does.
 *
 * The gate's own rows say what was done, never a record of it. What was not read, or is not known, is a reason.
 */
export function undoneBy({ rows, exit }: Looked, { release, seal }: SealedRelease): readonly string[] {
  if (rows === undefined) return ['unknown: the gate was not asked what is done'];
  if (rows.state === 'unread') return [`unknown: the gate could not be asked what is done: ${rows.why}`];
  const cycle = cycleIn(rows, seal);
  const last = cycle?.done.at(-1);
  if (cycle === null || last === undefined) return ['by the rows of the gate no tier is done'];
  const left = whyLeft(nextIn(cycle, release));
  if (left.length > 0) return left;
  const why = cycle.closed.up;
  const verdict = judge({ release, metrics: exit?.metrics ?? {}, progress: 'finalized' });
  const reasons = verdict.decision === 'BLOCKED' ? verdict.reasons : [];
  return [
    ...(why === null || ofTime.includes(why.split(':')[0]) ? [] : [why]),
    ...(rows.schema === last.schemaAfter
      ? []
      : [`schema: it is no longer as tier ${last.tier} ${last.direction} left it`]),
    ...(exit === null ? ['production was not measured'] : []),
    // a data gate has let its tier through, and what it counted may be used up since
    ...reasons.filter(({ kind }) => kind !== 'data-gate').map(explainReason),
  ];
}

/** The ratification of a seal that counts, by the gate's own rows; null where there is none. */
export function cycleIn(rows: Extract<GateRows, { state: 'read' }>, seal: Digest): CycleRows | null {
  return chooseCycle(cyclesOf(rows.cycles, seal));
}

/** What a rollout would do next in a cycle. */
export function nextIn({ done, steps }: CycleRows, release: Release): Act {
  const markers = done.map((one) => ({ ...one, epoch: String(one.epoch) }));
  return nextAct({ release, direction: 'up', through: null }, { markers, steps });
}

function whyLeft(act: Act): readonly string[] {
  switch (act.act) {
    case 'nothing':
      return [];
    case 'enter':
      return [`tier ${act.tier} is not done`];
    case 'held':
      return act.reasons;
    case 'halt':
      return [`unknown: the rows of the gate contradict the release: ${act.why}`];
    default:
      return act satisfies never;
  }
}

/** A cycle as the database tells it; `steps` where it was asked for them too. */
type Told = Pick<Cycle, 'closed' | 'done' | 'next'> & { readonly steps?: CycleRows['steps'] };

/** One that stands half-way, or is done, is gone on with; else an open one; else the newest, for its reasons. */
export function chooseCycle<One extends Told>(cycles: readonly One[]): One | null {
  return cycles.find(isBegun) ?? cycles.find(({ closed }) => closed.up === null) ?? cycles[0] ?? null;
}

function isBegun(cycle: Told): boolean {
  const rows = [...cycle.done, ...(cycle.steps ?? [])];
  return rows.some(({ direction, tier }) => direction === 'up' && !isMarked(cycle, tier, 'down'));
}

/** How a tier stands by the rows of the cycle that counts. `running`: begun step by step, and not left yet. */
export function tierState(tier: Tier, cycle: Told | null): TierState {
  if (tier.barred !== null) return 'barred';
  if (cycle === null) return 'closed';
  const steps = cycle.steps ?? [];
  if (steps.some((step) => step.tier === tier.id && !isMarked(cycle, tier.id, step.direction))) return 'running';
  if (isMarked(cycle, tier.id, 'down')) return 'back';
  if (isMarked(cycle, tier.id, 'up')) return 'done';
  const isBack = [...cycle.done, ...steps].some(({ direction }) => direction === 'down');
  return cycle.next.up === tier.id && cycle.closed.up === null && !isBack ? 'open' : 'closed';
}

function isMarked({ done }: Told, tier: string, direction: 'up' | 'down'): boolean {
  return done.some((one) => one.tier === tier && one.direction === direction);
}
