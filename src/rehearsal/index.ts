export { reversibleParts } from './boundaries.ts';
export { changeForm, type SchemaChange, type SchemaChanges } from './changes.ts';
export {
  type CalledFunction,
  type Dispatch,
  explainNotifications,
  type Notifications,
  type Outward,
  reachedOut,
} from './dispatch.ts';
export { judgeInvariants } from './judge.ts';
export { type Leftover } from './leftovers.ts';
export { blockedBy, lockName, type StepLock } from './locks.ts';
export { explainProof } from './proof.ts';
export { explainRole } from './role.ts';
export { rehearse } from './rehearse.io.ts';
export * from './rehearsal.ts';
