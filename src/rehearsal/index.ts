export { reversibleParts, stopText } from './boundaries/index.ts';
export { changeForm, explainRows, type SchemaChange, type SchemaChanges } from './changes/index.ts';
export { explainProof, type Proof } from './comparison/index.ts';
export { draftDown } from './draft/index.ts';
export { type Leftover } from './leftovers/index.ts';
export {
  type AgainstProduction,
  compareGolden,
  explainProduction,
  sampledProblem,
  type SampledRehearsals,
  staleGolden,
} from './production/index.ts';
export { readRehearsal, type Rehearsal, rehearsalForm, rehearsedSchema, type StageResult } from './record/index.ts';
export { type RehearsalEvent, type RehearsalOptions, type Stage, stages, type StepEvent } from './request/index.ts';
export { rehearse } from './run-rehearsal.io.ts';
export { explainRole } from './session/index.ts';
export {
  blockedBy,
  type CalledFunction,
  type Dispatch,
  explainNotifications,
  heldWith,
  judgeInvariants,
  lockName,
  type Notifications,
  ofWhich,
  type Outward,
  reachedOut,
  type StepLock,
  type StepMeasure,
} from './tier/index.ts';
export { type OptionTrial } from './trials/index.ts';
export { type Twin } from './twin/index.ts';
