export { checkMigrations, type CheckPlan } from './check-run.io.ts';
export {
  annotationsOf,
  baselineOf,
  commentOf,
  compareBaseline,
  type Compared,
  junitOf,
  sarifOf,
} from './output/index.ts';
export { readKnownFile } from './known-faults.io.ts';
export { choose, refusePrograms, theFolder, type WantedMigrations } from './chosen.ts';
export { isFailed } from './faults.ts';
export { explainGolden } from './explain-golden.ts';
export { type GoldenGround, openGoldenGround } from './golden-ground.io.ts';
export { readSizes } from './read-sizes.io.ts';
export { hazardInProduction, locksInProduction } from './in-production.ts';
export { type ProductionSizes } from './production-sizes.ts';
export { openVerdictCache } from './verdict-cache.io.ts';
export { changedSinceMain } from './scope.io.ts';
export {
  type CheckResult,
  checkResultForm,
  type Fault,
  type Hazard,
  type JudgedMigration,
} from './check-result.ts';
