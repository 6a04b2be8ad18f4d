export * from './activity.ts';
export { type Course, leftOf, rehearsedOf, type Rehearsed, stagesOf, tiersOf } from './eta.ts';
export { lastRehearsal } from './expected.io.ts';
export { openFolderBoard } from './folder.io.ts';
export { openPostgresBoard } from './postgres.io.ts';
export { type Reporter, type ReportPlan, startReporter, type Told } from './reporter.io.ts';
