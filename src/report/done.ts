import { chooseCycle, type GateBody, type GateRows, isMarked, type CycleRows, workOf } from '../gate/index.ts';
import { type Release, type SealedRelease } from '../release/index.ts';
import { type FoundEvidence } from './find.ts';
import { type CycleFacts } from './cycle.ts';
import { type Open, type ReportReason } from './report-reason.ts';
import { undoneBy } from './report-rows.ts';

/** The newest reading of production, and the record of the cycle. */
export interface DoneFacts {
  readonly sealed: SealedRelease;
  readonly gate: FoundEvidence<GateBody>;
  readonly cycle: CycleFacts;
}

/**
 * Why a release is not done on its target; empty where it is: every tier that may run has its marker in the cycle in progress, and
 * schema and invariants hold, by a reading that is newer than all that is on record.
 *
 * Stops: a record that says done of a database which was rolled back, restored or changed since; a reading from before the rollback.
 */
export function doneProblems({ sealed, gate, cycle }: DoneFacts): readonly ReportReason[] {
  if (!gate.found) return [{ code: 'no-look', facts: { why: gate.reason } }];
  if (!cycle.isLookNewer) return [{ code: 'outdated', facts: {} }];
  const measured: readonly ReportReason[] = gate.body.exit === null ? [{ code: 'unmeasured', facts: {} }] : [];
  return [...onRecord({ sealed, gate, cycle }), ...undoneBy(gate.body, sealed), ...measured];
}

/** What only the record shows and not the rows: unreadable evidence, a revocation, a rollback that has begun. */
function onRecord({ sealed, gate, cycle }: DoneFacts): readonly ReportReason[] {
  const rows = seenRows({ gate, cycle });
  const statement = rows === null ? null : (chooseCycle(rows.cycles, sealed)?.statement ?? null);
  const { last, state } = cycle.position;
  return [
    ...cycle.broken,
    ...(cycle.revoked.some((one) => one === statement)
      ? [{ code: 'gate', facts: { code: 'revoked', facts: { said: 'a person has revoked it' } } } as const]
      : []),
    // the rows tell what became of a rollout; a rollback may be at work now, and leaves none until it is committed
    ...((state === 'unknown' && last === null) || (last?.direction === 'down' && last.statement === statement)
      ? [unknownOf(cycle)]
      : []),
  ];
}

/** The gate's own rows, where they were read after all that is on record; else null: they may be out of date. */
export function seenRows({
  gate,
  cycle,
}: Pick<DoneFacts, 'gate' | 'cycle'>): Extract<GateRows, { state: 'read' }> | null {
  return gate.found && cycle.isLookNewer && gate.body.rows?.state === 'read' ? gate.body.rows : null;
}

/** Whether everything is rolled out, by the record or by the gate's rows; it may not hold any more. */
export function isRolledOut({ sealed, gate, cycle }: DoneFacts): boolean {
  if (cycle.position.state === 'finalized') return true;
  const rows = seenRows({ gate, cycle });
  const found = rows === null ? null : chooseCycle(rows.cycles, sealed);
  return found !== null && isWhole(found, sealed.release);
}

/** What is not known of the last transaction on record. */
export function unknownOf({ target, position: { last } }: Pick<CycleFacts, 'target' | 'position'>): Open {
  if (last === null) return { code: 'record-unreadable', facts: {} };
  const { tier, begun, ended } = last;
  return last.outcome === 'unknown'
    ? { code: 'outcome-missing', facts: { tier, target, begun } }
    : { code: 'rollback-unseen', facts: { tier, target, ended } };
}

/** Every tier that may run has its marker, and nothing was rolled back. */
function isWhole(cycle: CycleRows, { tiers }: Release): boolean {
  const isBack = workOf(cycle).some(({ direction }) => direction === 'down');
  return (
    cycle.done.length > 0 && !isBack && tiers.every(({ id, barred }) => barred !== null || isMarked(cycle, id, 'up'))
  );
}
