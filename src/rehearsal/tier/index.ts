export { type Listener, openListener } from './dispatch.io.ts';
export {
  type CalledFunction,
  type Dispatch,
  dispatchForm,
  dispatchOf,
  explainNotifications,
  type Notifications,
  type Outward,
  reachedOut,
} from './dispatch.ts';
export { type JudgedMetrics, measureAndJudge } from './invariants.io.ts';
export { judgeInvariants, type MetricTime } from './invariants.ts';
export { blockedBy, heldWith, lockName, ofWhich, overBudget, type StepLock } from './locks.ts';
export { stepForm, type StepMeasure } from './step-measure.ts';
export { runChecks, runTier, type TierPlan } from './tier-run.io.ts';
