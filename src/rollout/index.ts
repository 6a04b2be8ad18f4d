export { execute, type Run } from './execute.io.ts';
export { type Lookout, openLookout } from './lookout.io.ts';
export { nextAct, remaining } from './next.ts';
export { asHeld, preflight, type Preflight, readBlockers } from './preflight.io.ts';
export { explainExecution, explainHeld, type HeldReason } from './reason.ts';
export * from './rollout.ts';
export { lackedBy, type Position, positionOf, type Transaction, transactionsOf } from './record.ts';
