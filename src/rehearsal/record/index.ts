export { readRehearsal, type Rehearsal, rehearsalForm, rehearsedSchema, type StageResult } from './rehearsal.ts';
export { andSeen, type Found, noticedAlso, type Seen, type SeenByNow, together, unseen } from './seen.ts';
export {
  type ForwardPlan,
  isPossible,
  type Measurement,
  type PlannedAct,
  planOf,
  type ProofPlan,
  type Work,
} from './stage-plan.ts';
export { type RecordByNow, rehearsalOf, withAct } from './stage-record.ts';
