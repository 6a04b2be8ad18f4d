import { type Instant, type NonEmpty } from '../core/index.ts';
import { type SourceIdentity } from '../clone/index.ts';
import { type Harmless } from '../database/index.ts';
import { type Seal } from '../release/index.ts';
import { type GateRows } from './cycle.ts';

export { type Harmless } from '../database/index.ts';

/** Why a gate is closed. A new kind fails to compile where reasons are explained. */
export type Reason =
  | {
      readonly kind: 'data-gate';
      readonly gate: string;
      readonly title: string;
      readonly metric: string;
      readonly measured: number;
      readonly required: string;
      readonly before: string;
    }
  | { readonly kind: 'invariant'; readonly metric: string; readonly measured: number; readonly required: string }
  | { readonly kind: 'unmeasured'; readonly metric: string; readonly problem: string }
  | { readonly kind: 'unreachable'; readonly problem: string }
  | { readonly kind: 'not-ratified'; readonly problem: string };

/** The state of the data gates and invariants in production. Ratification is a part of its own. */
export type GateVerdict =
  | { readonly decision: 'OPEN' }
  | { readonly decision: 'BLOCKED'; readonly reasons: NonEmpty<Reason> };

/** A measurement of one database: all metrics and the schema's digest at one time. */
export interface Baseline {
  readonly takenAt: Instant;
  readonly metrics: Readonly<Record<string, number>>;
  readonly schemaDigest: string;
}

/** The record of one look at production. Evidence of kind `gate`. */
export interface GateReading {
  readonly version: 1;
  readonly release: string;
  readonly seal: Seal;
  readonly target: string;
  readonly identity: SourceIdentity | null;
  readonly verdict: GateVerdict;
  readonly entry: Baseline | null;
  readonly exit: Baseline | null;
  /** Metrics that differ between entry and exit: somebody else's change. */
  readonly changedMeanwhile: readonly string[];
  readonly harmless: Harmless | null;
  /** Read last, so that nothing of this look is newer. */
  readonly rows: GateRows;
  readonly readAt: Instant;
}
