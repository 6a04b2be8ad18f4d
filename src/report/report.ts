import { type Digest, type Instant, type Milliseconds } from '../core/index.ts';
import { type TierState } from '../page/index.ts';

/** The statuses of the origin document, and one for what is rolled out and holds. */
export type Status =
  | 'GO'
  | 'GO, HELD at gate'
  | 'NO-GO'
  | 'NO-GO, REJECTED'
  | 'RETAINED'
  | 'CLOSED'
  | 'OPEN'
  | 'BLOCKED'
  | 'DONE';

/** A piece of evidence that a line of the report rests on. */
export interface Citation {
  readonly kind: string;
  readonly digest: Digest;
  /** Relative to the report's folder. */
  readonly href: string;
}

/** One line of the classification matrix. */
export interface Component {
  readonly id: string;
  readonly component: string;
  readonly status: Status;
  readonly evidence: string;
  readonly citations: readonly Citation[];
}

/** What the report demands of evidence. */
export interface ReportPolicy {
  readonly rehearsalMaxAge: Milliseconds;
  readonly gateMaxAge: Milliseconds;
}

/** What the rehearsal measured in one tier, forward. */
export interface TierFacts {
  readonly id: string;
  readonly title: string;
  /** Statements. */
  readonly steps: number;
  /** Null where the tier was not reached. */
  readonly durationMs: number | null;
  readonly rows: number | null;
  readonly locks: readonly string[];
  readonly rewritten: readonly string[];
  /** By the gate's own rows; `unknown` where they were not read after the last change on record. */
  readonly state: TierState;
  readonly barred: string | null;
  readonly oneWay: string | null;
  /** The data gates that stand before this tier, with their state. */
  readonly gates: readonly { readonly title: string; readonly state: 'open' | 'closed' | 'unknown' }[];
}

/** The GO / NO-GO report: readiness (the engineering is complete and proven) and production execution (allowed now?) are two verdicts. */
export interface Report {
  readonly version: 1;
  readonly release: { readonly name: string; readonly title: string; readonly seal: Digest; readonly database: string };
  readonly at: Instant;
  /** What it demanded of evidence: with it, the report can be built again. */
  readonly policy: ReportPolicy;
  readonly readiness: { readonly status: 'GO' | 'NO-GO'; readonly reasons: readonly string[] };
  /** `DONE`: all of it is rolled out and holds. Only `GO` is a permission. Its reasons say why it is not `GO`. */
  readonly execution: { readonly status: 'GO' | 'NO-GO' | 'DONE'; readonly reasons: readonly string[] };
  /** By the record or the gate's rows; whether it holds, `execution` says. */
  readonly rolledOut: boolean;
  readonly components: readonly Component[];
  /** What blocks production; the document's "single blocker" when there is one. */
  readonly blockers: readonly string[];
  readonly next: readonly string[];
  readonly meanwhile: readonly string[];
  /** entry == exit. */
  readonly compliance: readonly string[];
  readonly tiers: readonly TierFacts[];
  /** What the rehearsal found out, one sentence each. */
  readonly findings: readonly string[];
  readonly notProven: readonly { readonly relation: string; readonly reason: string }[];
  readonly evidence: readonly (Citation & { readonly recordedAt: Instant })[];
  /** Advisory: they never count as ratification. */
  readonly reviews: readonly { readonly by: string; readonly finding: string; readonly text: string }[];
  readonly after: { readonly rollout: readonly string[]; readonly rollback: readonly string[] };
}
