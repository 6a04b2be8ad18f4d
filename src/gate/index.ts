export { atTarget, type Clocks, requireClocks } from './clock-skew.ts';
export { readClocks } from './database-clock.io.ts';
export * from './gate.ts';
export { type BatchedStep, type CycleCheck, type CycleRow, type CycleRows, type GateRows } from './rows.ts';
export { explainReason, judge, type MeasuredMetrics, required } from './judge-metrics.ts';
export { type BaselineReading, type GateReadingOptions, readBaseline, readGate } from './monitor.io.ts';
export { assertionFunctions } from './sql/passkey-signature.sql.ts';
export { canonicalFunctions } from './sql/canonical.sql.ts';
export { p256Functions } from './sql/p256.sql.ts';
export { copiedGateSql, type InstallPlan, installSql } from './install.ts';
export { findNeeds, type Lacking, type Needs } from './needs.io.ts';
export { findShut } from './lost-create.io.ts';
export { findGrants } from './gate-grants.io.ts';
export {
  applyGate,
  hasGate,
  planInstall,
  planUninstall,
  type Prepared,
  withInstaller,
} from './install-gate.io.ts';
export { noLoopback, planLoopback, requireLoopback, requireLoopbackFor, tryLoopback } from './loopback.io.ts';
export { planUpgrade, type Upgrade } from './upgrade-gate.io.ts';
export {
  acceptAbandonment,
  acceptAdoption,
  type DatabaseAccount,
  acceptDocument,
  type Change,
  type Ending,
  describeGate,
  type GateFacts,
  readAccount,
  readRuleChanges as readChanges,
  readCycles,
  readCyclesOf,
  readRows,
  readEndings,
  readReceived,
  type Received,
  readStatementBody,
  readTierRows,
  submitRelease,
  submitSignature,
  submitTarget,
} from './target.io.ts';
export { compareFootprint, readDrift, readSchemaDrift, type SchemaDrift, submitFootprint } from './drift.io.ts';
export { changeRule, closedByChange } from './change-rule.ts';
export {
  answersOf,
  chooseCycle,
  cyclesOf,
  isInPlace,
  isMarked,
  isWaiting,
  lacksSeats,
  whyClosed,
  workOf,
} from './ratified-cycles.ts';
export {
  type ClosingCode,
  explainRefusal,
  readRefusal,
  type Refusal,
  type RefusalCode,
  refusalCodes,
  refusalForm,
  refusalOf,
} from './refusal.ts';
export { readRecord } from './record.io.ts';
