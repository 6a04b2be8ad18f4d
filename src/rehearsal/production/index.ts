export { compareGolden } from './against-production.io.ts';
export { sampledProblem, type SampledRehearsals } from './on-a-sample.ts';
export { type AgainstProduction, explainProduction, productionForm, staleGolden } from './against-production.ts';
