export { recordRules, rulesStage, witnessesOf } from './rules.io.ts';
export { type Bodies, type Evidence, readable, readers, type Store, tells, toldIn } from './kinds.ts';
