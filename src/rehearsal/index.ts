export { judgeInvariants } from './judge.ts';
export { rehearse } from './rehearse.io.ts';
export { type RehearsalEvent, type RehearsalOptions } from './stages.io.ts';
export * from './rehearsal.ts';
