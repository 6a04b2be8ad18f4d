import { type Problem } from '../../core/index.ts';
import { type FootprintPoint } from '../../fingerprint/index.ts';
import { batchOf, type Direction, type Release, type Tier, type TierId } from '../../release/index.ts';
import { type MetricTime, overBudget, type StepMeasure } from '../tier/index.ts';

/** What the gate's checks took at a point, each made once. Milliseconds. */
export interface GateRound {
  /** When a tier is left, or a step that is committed by itself ends: what waits for COMMIT, the footprint, and what was locked. */
  readonly leaveMs: number;
  /** Its own integrity and `definers`: once in a transaction that writes to a catalogue. */
  readonly unharmedMs: number;
  /** At COMMIT. */
  readonly commitMs: number;
  /** The digest of the whole schema; 0 if the policy does not compare it. */
  readonly wholeMs: number;
}

/**
 * How often the gate makes the checks of `leaveMs` in one transaction while the locks of its steps are held. Where each step is committed by
 * itself the last transaction makes them when the step ends and when the tier is left. A test counts the calls of a rollout.
 * Source: src/gate/sql/rollout.sql.ts, `finish_step`, `leave_tier`, `check_commit`.
 */
export const tiersLeft = { usual: 1, lastOfEach: 2 } as const;

/** The times of the gate so far; later ones replace them. */
export interface GateTimes {
  readonly points: readonly { readonly at: FootprintPoint; readonly round: GateRound }[];
  readonly took: readonly MetricTime[];
}

/** What decides how often the gate measures a metric. */
type Gated = Pick<Release, 'tiers' | 'gates' | 'invariants'>;

/** Steps with what the gate itself adds to the time for which a rollout holds their locks; null where that was not measured. */
export function withGateTimes(steps: readonly StepMeasure[], times: GateTimes, release: Gated): readonly StepMeasure[] {
  return steps.map((step) => ({ ...step, gateMs: gateMsOf(step, times, release) }));
}

/** The problem if a tier exceeds the lock budget only with the gate's time; what it exceeds alone was reported when it ran. */
export function judgeWithGate(
  steps: readonly StepMeasure[],
  times: GateTimes,
  of: { readonly tier: TierId; readonly direction: Direction; readonly release: Gated & Pick<Release, 'budgets'> },
): readonly Problem[] {
  const where = { ...of, budgets: of.release.budgets };
  const isLock = ({ code }: Problem): boolean => code === 'BUDGET_LOCK';
  const own = steps.filter(({ tier, direction }) => tier === of.tier && direction === of.direction);
  if (overBudget(own, where).some(isLock)) return [];
  return overBudget(withGateTimes(own, times, of.release), where).filter(isLock);
}

function gateMsOf({ tier: id, direction, index }: StepMeasure, times: GateTimes, release: Gated): number | null {
  const tier = release.tiers.find((one) => one.id === id);
  if (tier === undefined) return null;
  const isLast = tier.transaction === 'single' || index === tier[direction].length;
  const key = keyOf({ direction, tier: id, step: isLast ? null : index });
  const round = times.points.findLast(({ at }) => keyOf(at) === key)?.round;
  if (round === undefined) return null;
  // the locks of its statement are released before the gate's own transaction begins
  if (tier.transaction === 'outside') return 0;
  // the gate looks after a batch as at COMMIT, and the tier is left in another transaction
  if (batchOf(tier, direction, index) !== null) return 2 * round.commitMs;
  const leaves = isLast && tier.transaction === 'each' ? tiersLeft.lastOfEach : tiersLeft.usual;
  const each = leaves * round.leaveMs + round.unharmedMs + round.commitMs;
  return isLast ? each + round.wholeMs + msAtTheEnd({ tier, direction }, times, release) : each;
}

/** The metrics that the gate measures when the last tier is left; those of `always` are among what each tier does here too. */
function msAtTheEnd(
  { tier, direction }: { readonly tier: Tier; readonly direction: Direction },
  { took }: GateTimes,
  { tiers, gates, invariants }: Gated,
): number {
  const open = tiers.filter(({ barred }) => barred === null);
  if (tier !== (direction === 'up' ? open.at(-1) : open[0])) return 0;
  const when = direction === 'up' ? 'finalized' : 'greenfield';
  const names = Object.keys(invariants[when]).filter(
    // the metric of a data gate has opened its gate, and may have changed since
    (name) => direction === 'up' || !gates.some(({ metric }) => metric === name),
  );
  const msOf = (name: string): number => took.findLast((one) => one.when === when && one.name === name)?.ms ?? 0;
  return names.reduce((sum, name) => sum + msOf(name), 0);
}

const keyOf = ({ direction, tier, step }: FootprintPoint): string => `${direction} ${tier} ${step ?? 'end'}`;
