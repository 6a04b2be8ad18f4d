export { execute, type Run } from './execute.io.ts';
export { type Lookout, openLookout } from './lookout.io.ts';
export { nextAct, remaining } from './next.ts';
export { asHeld, preflight, type Preflight, readBlockers } from './preflight.io.ts';
export { executionReason, explainExecution, explainHeld, type HeldReason } from './reason.ts';
export type * from './rollout.ts';
export { type Position, positionOf, readExecution, type Transaction, transactionsOf } from './record.ts';
