import { chooseCycle, type GateRows } from '../gate/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Found, type GateBody } from './bodies.ts';
import { type CycleFacts } from './cycle.ts';
import { type Open, type Reason } from './reason.ts';
import { nextIn, undoneBy } from './rows.ts';

/** The newest look at production, and what is on record of the cycle. */
export interface DoneFacts {
  readonly sealed: SealedRelease;
  readonly gate: Found<GateBody>;
  readonly cycle: CycleFacts;
}

/**
 * Why a release is not done on its target; empty where it is: every tier that may run has its marker in the cycle in progress, and
 * schema and invariants hold, by a look that is newer than all that is on record.
 *
 * Stops: a record that says done of a database which was rolled back, restored or changed since; a look from before the way back.
 */
export function doneProblems({ sealed, gate, cycle }: DoneFacts): readonly Reason[] {
  if (!gate.found) return [{ code: 'unread', facts: { why: gate.reason } }];
  if (!cycle.isLookNewer) return [{ code: 'outdated', facts: {} }];
  return [...onRecord({ sealed, gate, cycle }), ...undoneBy(gate.body, sealed)];
}

/** What the record knows and the rows do not say: what cannot be read, a revocation, a way back that was begun. */
function onRecord({ sealed, gate, cycle }: DoneFacts): readonly Reason[] {
  const rows = seenRows({ gate, cycle });
  const statement = rows === null ? null : (chooseCycle(rows.cycles, sealed)?.statement ?? null);
  const { last, state } = cycle.position;
  return [
    ...cycle.broken,
    ...(cycle.revoked.some((one) => one === statement)
      ? [{ code: 'gate', facts: { code: 'revoked', facts: { said: 'a person has revoked it' } } } as const]
      : []),
    // the rows tell what became of a way forward; a way back may be at work now, and leaves none until it is committed
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
  return found !== null && found.done.length > 0 && nextIn(found, sealed.release).act === 'nothing';
}

/** What is not known of the last transaction on record. */
export function unknownOf({ target, position: { last } }: Pick<CycleFacts, 'target' | 'position'>): Open {
  if (last === null) return { code: 'record-unreadable', facts: {} };
  const { tier, begun, ended } = last;
  return last.outcome === 'unknown'
    ? { code: 'outcome-missing', facts: { tier, target, begun } }
    : { code: 'rollback-unseen', facts: { tier, target, ended } };
}
