import { type CycleRows, isMarked } from '../gate/index.ts';
import { type TierState } from '../html/index.ts';
import { type SealedRelease, type Tier } from '../release/index.ts';
import { type TargetReading, verdictOf } from '../rollout/index.ts';
import { type ReportReason } from './report-reason.ts';

/** Why a reading of production does not show that all of a release is rolled out and holds; empty where it does. */
export function undoneBy(seen: TargetReading, sealed: SealedRelease): readonly ReportReason[] {
  const verdict = verdictOf(seen, { sealed, direction: 'up' });
  const [left] = verdict.runs;
  if (verdict.decision === 'NO-GO') return verdict.reasons;
  return verdict.decision === 'DONE' ? [] : [{ code: 'tier-left', facts: { tier: left ?? '' } }];
}

/** The state of a tier by the rows of the cycle that counts. `running`: begun step by step, and not left yet; `open`: it may be entered now. */
export function tierState(tier: Tier, cycle: CycleRows | null): TierState {
  if (tier.barred !== null) return 'barred';
  if (cycle === null) return 'closed';
  const { steps, checked } = cycle;
  if (steps.some((step) => step.tier === tier.id && !isMarked(cycle, tier.id, step.direction))) return 'running';
  if (isMarked(cycle, tier.id, 'down')) return 'back';
  if (isMarked(cycle, tier.id, 'up')) return 'done';
  const isOpen = checked?.up.closed.every((one) => one.tier !== null && one.tier !== tier.id) === true;
  return checked?.up.next === tier.id && isOpen ? 'open' : 'closed';
}
