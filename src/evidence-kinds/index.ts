export { executionsOf, openRecorder, type Recorder } from './executions.io.ts';
export { recordRules, rulesStage, witnessesOf } from './rules.io.ts';
export { type KindBodies, type KnownEvidence, readable, readers, type Store, tells, toldIn } from './kinds.ts';
export { sealedFrom } from './sealed-evidence.io.ts';
export { readReviewsBeside } from './reviews-beside.io.ts';
