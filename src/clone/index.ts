export * from './clone.ts';
export { explainAge, explainOrigin, measuredLevel } from './explain-origin.ts';
export { type CloneProblem, findCloneProblems } from './check.io.ts';
export { estimateGolden, type GoldenEstimate } from './estimate.io.ts';
export { openCloneHost, openKept } from './host.io.ts';
export { withHost } from './with-host.io.ts';
export { isLease } from './mark.ts';
export { type SourceSeen, lookAtProduction, verifiesFully } from './look.io.ts';
export { type SourceLook, recommendClone, type Recommendation, sizeText } from './recommend.ts';
