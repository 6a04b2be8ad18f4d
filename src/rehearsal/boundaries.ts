import { type Tier, type TierId } from '../release/index.ts';
import { touchedBy } from './judge.ts';
import { type StepMeasure } from './rehearsal.ts';

/** A boundary that is to be proven, and the relations whose rows are compared there: later tiers write to them. */
export interface BoundaryPlan {
  readonly after: TierId;
  readonly relations: readonly string[];
  /** The tier before it cannot be undone: whatever is behind it has only this boundary to be equal to. */
  readonly oneWay: boolean;
}

/** The tiers in the order in which they run forward: those that may be rolled out, then those that are barred. */
export function forwardOrder(tiers: readonly Tier[]): readonly Tier[] {
  return [...tiers.filter(({ barred }) => barred === null), ...tiers.filter(({ barred }) => barred !== null)];
}

/** The tiers that run forward behind one of them. */
export function tiersBehind(tiers: readonly Tier[], after: TierId): readonly Tier[] {
  const order = forwardOrder(tiers);
  return order.slice(order.findIndex(({ id }) => id === after) + 1);
}

/** Every boundary of a release whose forward was measured, from the first to the last. */
export function boundariesOf(tiers: readonly Tier[], forward: readonly StepMeasure[]): readonly BoundaryPlan[] {
  const order = forwardOrder(tiers);
  return order.slice(0, -1).map(({ id, oneWay }, at) => {
    const later = new Set(order.slice(at + 1).map((tier) => tier.id));
    const steps = forward.filter(({ tier }) => later.has(tier));
    const relations = touchedBy({ touches: [] }, steps, null).map(({ relation }) => relation);
    return { after: id, relations, oneWay: oneWay !== null };
  });
}

/** As many boundaries are proven where nobody asks for all: each costs what the schema costs, twice. */
const most = 8;

/** Chooses the boundaries that are proven; those behind a one-way tier always are. */
export function chosen(boundaries: readonly BoundaryPlan[], full: boolean): ReadonlySet<TierId> {
  if (full || boundaries.length <= most) return new Set(boundaries.map(({ after }) => after));
  const pace = boundaries.length / most;
  return new Set(
    boundaries
      .filter(({ oneWay }, at) => oneWay || Math.floor(at / pace) !== Math.floor((at - 1) / pace))
      .map(({ after }) => after),
  );
}

/**
 * The parts of a release that can be rolled back, in the order of the tiers: each ends at the last tier before a one-way tier, or at the end, and
 * its rollback goes down to the one-way tier before it (null: to what was there before the release).
 */
export function reversibleParts(
  tiers: readonly Tier[],
): readonly { readonly from: TierId | null; readonly tiers: readonly Tier[]; readonly last: boolean }[] {
  const parts: { from: TierId | null; tiers: Tier[]; last: boolean }[] = [{ from: null, tiers: [], last: false }];
  for (const tier of forwardOrder(tiers)) {
    if (tier.oneWay === null) parts.at(-1)?.tiers.push(tier);
    else parts.push({ from: tier.id, tiers: [], last: false });
  }
  const end = parts.at(-1);
  if (end !== undefined) end.last = true;
  return parts.filter((part) => part.last || part.tiers.length > 0);
}
