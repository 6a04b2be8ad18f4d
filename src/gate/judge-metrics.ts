import { isNonEmpty, type Problem } from '../core/index.ts';
import { type Expectation, meets, type Release, type TierId } from '../release/index.ts';
import { type GateVerdict, type MetricReason } from './gate.ts';

/** What the verdict is taken over. */
export interface MeasuredMetrics {
  readonly release: Release;
  readonly metrics: Readonly<Record<string, number | Problem>>;
  /** Where production stands: nothing rolled out yet, or everything. */
  readonly progress: 'greenfield' | 'finalized';
}

/**
 * Decides from measured metrics whether the data gates and invariants let a rollout begin. What was not measured blocks.
 * A metric that a data gate speaks of need not be as it was at greenfield: the gate opens by its change.
 */
export function judge({ release, metrics, progress }: MeasuredMetrics): GateVerdict {
  const gated = new Set<string>(release.gates.map(({ metric }) => metric));
  const state = Object.entries(release.invariants[progress]).filter(
    ([metric]) => progress === 'finalized' || !gated.has(metric),
  );
  const barred = new Set<TierId>(release.tiers.filter((tier) => tier.barred !== null).map((tier) => tier.id));
  const reasons: MetricReason[] = [
    ...release.gates
      // a barred tier is never rolled out, so a gate before it holds nothing up
      .filter(({ before }) => !barred.has(before))
      .flatMap((gate) =>
        check(gate.metric, gate.expectation, metrics).map((reason) =>
          reason.kind === 'invariant'
            ? { ...reason, kind: 'data-gate' as const, gate: gate.id, title: gate.title, before: gate.before }
            : reason,
        ),
      ),
    ...[...Object.entries(release.invariants.always), ...state].flatMap(([metric, expectation]) =>
      check(metric, expectation, metrics),
    ),
  ];
  const distinct = [...new Map(reasons.map((reason) => [JSON.stringify(reason), reason])).values()];
  return isNonEmpty(distinct) ? { decision: 'BLOCKED', reasons: distinct } : { decision: 'OPEN' };
}

function check(metric: string, expectation: Expectation, metrics: MeasuredMetrics['metrics']): readonly MetricReason[] {
  const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  if (value === undefined) return [{ kind: 'unmeasured', metric, problem: 'it was not measured' }];
  if (typeof value !== 'number') return [{ kind: 'unmeasured', metric, problem: value.problem }];
  if (meets(value, expectation)) return [];
  return [{ kind: 'invariant', metric, measured: value, required: required(expectation) }];
}

/** Writes an expectation for people: `= 0`, `≥ 1`, `≥ 1 and ≤ 5`. */
export function required({ equals, atLeast, atMost }: Expectation): string {
  const bounds = [
    equals === undefined ? '' : `= ${figure(equals)}`,
    atLeast === undefined ? '' : `≥ ${figure(atLeast)}`,
    atMost === undefined ? '' : `≤ ${figure(atMost)}`,
  ].filter((bound) => bound !== '');
  return bounds.join(' and ');
}

/** Every digit is kept: a rounded figure could look as if it met its bound. */
function figure(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 20 });
}

/** Writes a reason in one line, e.g. `ospa = 0, needs ≥ 1`. Its texts may be an author's: show it through `printable`. */
export function explainReason(reason: MetricReason): string {
  switch (reason.kind) {
    case 'data-gate':
    case 'invariant':
      return `${reason.metric} = ${figure(reason.measured)}, needs ${reason.required}`;
    case 'unmeasured':
      return `${reason.metric} could not be measured: ${reason.problem}`;
    case 'unreachable':
      return `production could not be read: ${reason.problem}`;
    case 'not-ratified':
      return `no ratification: ${reason.problem}`;
    default:
      return reason satisfies never;
  }
}
