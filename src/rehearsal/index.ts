export { isDeclared, judgeInvariants } from './judge.ts';
export { type TrialOptions, tryOption } from './option.io.ts';
export { rehearse, type RehearsalEvent, type RehearsalOptions } from './rehearse.io.ts';
export * from './rehearsal.ts';
