export * from './activity.ts';
export {
  type TimedParts,
  leftOf,
  rehearsedOf,
  type PassedRehearsal,
  stagesOf,
  expectedTiers as tiersOf,
} from './eta.ts';
export { lastRehearsal } from './expected.io.ts';
export { openFolderBoard } from './board-folder.io.ts';
export { openPostgresBoard } from './board-postgres.io.ts';
export { type Reporter, type ActivityPlan, startReporter, type ActivityUpdate } from './reporter.io.ts';
