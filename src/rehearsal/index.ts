export { judgeInvariants } from './judge.ts';
export { rehearse } from './rehearse.io.ts';
export * from './rehearsal.ts';
