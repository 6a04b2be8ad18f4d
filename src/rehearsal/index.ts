export type { CalledFunction, Dispatch, Notifications, Outward } from './dispatch.ts';
export { judgeInvariants } from './judge.ts';
export type { Leftover } from './leftovers.ts';
export type { StepLock } from './locks.ts';
export { explainProof } from './proof.ts';
export { rehearse } from './rehearse.io.ts';
export * from './rehearsal.ts';
