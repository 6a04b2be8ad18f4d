import { type Problem, printable, stated } from '../../core/index.ts';
import { type DataFingerprint, type SchemaDelta } from '../../fingerprint/index.ts';
import { type Tier, type TierId } from '../../release/index.ts';
import { touchedBy } from '../comparison/index.ts';
import { type StepMeasure } from '../tier/index.ts';
import { type BoundaryResult } from './boundary.ts';

/** A boundary to be proven, and the relations whose rows are compared there, because later tiers write to them. */
export interface BoundaryPlan {
  readonly after: TierId;
  readonly relations: readonly string[];
  /** The tier before it cannot be undone: the rollback of later tiers can only be compared with this boundary. */
  readonly oneWay: boolean;
}

/** The state of a half-way point in the forward run. */
export interface BoundaryState {
  readonly relations: readonly string[];
  readonly schema: SchemaDelta;
  readonly rows: DataFingerprint;
}

/** The tiers in the order in which they run forward: those that may be rolled out, then those that are barred. */
export function forwardOrder(tiers: readonly Tier[]): readonly Tier[] {
  return [...tiers.filter(({ barred }) => barred === null), ...tiers.filter(({ barred }) => barred !== null)];
}

/** The tiers that run after one of them. */
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

/** How many boundaries are proven without `--full`: each costs two readings of the schema. */
const most = 8;

/** Chooses the boundaries that are proven; those after a one-way tier always are. */
export function chooseBoundaries(boundaries: readonly BoundaryPlan[], full: boolean): ReadonlySet<TierId> {
  if (full || boundaries.length <= most) return new Set(boundaries.map(({ after }) => after));
  const pace = boundaries.length / most;
  return new Set(
    boundaries
      .filter(({ oneWay }, at) => oneWay || Math.floor(at / pace) !== Math.floor((at - 1) / pace))
      .map(({ after }) => after),
  );
}

/** The results of the boundaries that are not chosen. */
export function leftOut(boundaries: readonly BoundaryPlan[], chosen: ReadonlySet<TierId>): readonly BoundaryResult[] {
  const reason = 'this boundary was not selected: only some are proven without --full';
  return boundaries
    .filter(({ after }) => !chosen.has(after))
    .map(({ after }) => ({ after, state: 'not proven', reason }));
}

/** Tiers that can be undone one after the other, and the one-way tier before them, which stays in place. */
export interface TierChain {
  /** Null: they roll back to the state before the release. */
  readonly from: TierId | null;
  readonly tiers: readonly Tier[];
}

/**
 * The parts of a release that can be rolled back, in the order of the tiers: each ends at the last tier before a one-way tier, or at the end, and
 * its rollback goes down to the one-way tier before it (null: to what was there before the release).
 */
export function reversibleParts(tiers: readonly Tier[]): readonly (TierChain & { readonly last: boolean })[] {
  const parts: { from: TierId | null; tiers: Tier[]; last: boolean }[] = [{ from: null, tiers: [], last: false }];
  for (const tier of forwardOrder(tiers)) {
    if (tier.oneWay === null) parts.at(-1)?.tiers.push(tier);
    else parts.push({ from: tier.id, tiers: [], last: false });
  }
  const end = parts.at(-1);
  if (end !== undefined) end.last = true;
  return parts.filter((part) => part.last || part.tiers.length > 0);
}

/** A problem if the state after a one-way tier could not be compared: nothing else proves the rollback of later tiers. */
export function unprovenBoundary(result: BoundaryResult | undefined, after: TierId): readonly Problem[] {
  if (result !== undefined && result.state !== 'not proven') return [];
  return [
    {
      code: 'PROOF_INCOMPLETE',
      ...stated`tier ${{ tier: printable(after) }} is one-way, and the state after it is not proven: ${{ why: printable(result?.reason ?? 'the twin did not get so far') }}`,
      fix: 'run `oneroof rehearse --full`, or make the tables that later tiers write to comparable',
    },
  ];
}
