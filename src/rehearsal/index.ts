export { judgeInvariants } from './judge.ts';
export { explainProof } from './proof.ts';
export { rehearse } from './rehearse.io.ts';
export * from './rehearsal.ts';
