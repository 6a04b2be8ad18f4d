import {
  chooseCycle,
  type ClosingCode,
  type Cycle,
  type CycleRows,
  type GateRows,
  isMarked,
  judge,
} from '../gate/index.ts';
import { type TierState } from '../page/index.ts';
import { type Release, type SealedRelease, type Tier } from '../release/index.ts';
import { type Act, nextAct } from '../rollout/index.ts';
import { type Reason } from './reason.ts';

/** What of a look at production tells whether everything is rolled out and holds. */
export interface Looked {
  /** Absent in records of before the gate was asked. */
  readonly rows?: GateRows | undefined;
  readonly exit: { readonly metrics: Readonly<Record<string, number>> } | null;
}

/** The course of time closes a ratification for these reasons; what was rolled out under it stays rolled out. */
const ofTime: readonly ClosingCode[] = ['expired', 'rehearsal-age', 'registry', 'policy'];

/**
 * Why a look at production does not show that all of a release is rolled out and holds; empty where it does.
 *
 * The gate's own rows say what was done, never a record of it. What was not read, or is not known, is a reason.
 */
export function undoneBy({ rows, exit }: Looked, { release, seal }: SealedRelease): readonly Reason[] {
  if (rows === undefined) return [{ code: 'unknown', facts: { code: 'rows-unasked', facts: {} } }];
  if (rows.state === 'unread') return [{ code: 'unknown', facts: { code: 'rows-unread', facts: { why: rows.why } } }];
  const cycle = chooseCycle(rows.cycles, { seal });
  const last = cycle?.done.at(-1);
  if (cycle === null || last === undefined) return [{ code: 'untouched', facts: {} }];
  const left = whyLeft(nextIn(cycle, release));
  if (left.length > 0) return left;
  const closed = cycle.closed.up;
  const verdict = judge({ release, metrics: exit?.metrics ?? {}, progress: 'finalized' });
  const reasons = verdict.decision === 'BLOCKED' ? verdict.reasons : [];
  return [
    ...(closed === null || ofTime.some((code) => code === closed.code)
      ? []
      : [{ code: 'gate', facts: closed } as const]),
    ...(rows.schema === last.schemaAfter
      ? []
      : [{ code: 'drifted', facts: { tier: last.tier, direction: last.direction } } as const]),
    ...(exit === null ? [{ code: 'unmeasured', facts: {} } as const] : []),
    // a data gate has let its tier through, and what it counted may be used up since
    ...reasons.filter(({ kind }) => kind !== 'data-gate').map((facts) => ({ code: 'unmet', facts }) as const),
  ];
}

/** What a rollout would do next in a cycle. */
export function nextIn({ done, steps }: CycleRows, release: Release): Act {
  const markers = done.map((one) => ({ ...one, epoch: String(one.epoch) }));
  return nextAct({ release, direction: 'up', through: null }, { markers, steps });
}

function whyLeft(act: Act): readonly Reason[] {
  switch (act.act) {
    case 'nothing':
      return [];
    case 'enter':
      return [{ code: 'tier-left', facts: { tier: act.tier } }];
    case 'held':
      return act.reasons;
    case 'halt':
      return [{ code: 'unknown', facts: { code: 'contradiction', facts: { why: act.why } } }];
    default:
      return act satisfies never;
  }
}

/** How a tier stands by the rows of the cycle that counts. `running`: begun step by step, and not left yet. */
export function tierState(tier: Tier, cycle: (Cycle & Partial<CycleRows>) | null): TierState {
  if (tier.barred !== null) return 'barred';
  if (cycle === null) return 'closed';
  const steps = cycle.steps ?? [];
  if (steps.some((step) => step.tier === tier.id && !isMarked(cycle, tier.id, step.direction))) return 'running';
  if (isMarked(cycle, tier.id, 'down')) return 'back';
  if (isMarked(cycle, tier.id, 'up')) return 'done';
  const isBack = [...cycle.done, ...steps].some(({ direction }) => direction === 'down');
  return cycle.next.up === tier.id && cycle.closed.up === null && !isBack ? 'open' : 'closed';
}
