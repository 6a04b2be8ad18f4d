export * from './gate.ts';
export { type Cycle, type CycleRows, type GateRows } from './rows.ts';
export { explainReason, judge, type Measured, required } from './judge.ts';
export { type BaselineReading, type Look, readBaseline, readGate } from './monitor.io.ts';
export type * from './documents.ts';
export { type AssertionCheck, type AssertionCode, checkAssertion } from './passkey.ts';
export { assertionFunctions } from './sql/assertion.sql.ts';
export { canonicalFunctions } from './sql/canonical.sql.ts';
export { p256Functions } from './sql/p256.sql.ts';
export { type InstallPlan, installSql } from './install.ts';
export { findNeeds, type Needs } from './needs.io.ts';
export { findGrants } from './grants.io.ts';
export {
  applyGate,
  planInstall,
  planUninstall,
  type Prepared,
  withInstaller,
} from './install.io.ts';
export { planUpgrade, type Upgrade } from './upgrade.io.ts';
export {
  acceptAbandonment,
  acceptAdoption,
  type Account,
  acceptDocument,
  type Change,
  type Ending,
  describeGate,
  type GateFacts,
  readAccount,
  readChanges,
  readCycles,
  readCyclesOf,
  readEndings,
  readReceived,
  type Received,
  readStatementBody,
  readTierRows,
  submitRelease,
  submitSignature,
  submitTarget,
} from './target.io.ts';
export { type Opens } from './opens.ts';
export { changeRule, closedByChange } from './change.ts';
export {
  answersOf,
  chooseCycle,
  cyclesOf,
  isInPlace,
  isMarked,
  isWaiting,
  lacksSeats,
  whyClosed,
} from './cycle.ts';
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
export { readPolicy, readPolicyAndRegistry, readRegistry } from './documents.io.ts';
export { parsePolicy, parsePolicyDocument, policyDigest, policyDocument, type Written } from './policy.ts';
export { type AttestationCheck, type AttestationCode, checkAttestation } from './attestation.ts';
export { isSoftware, unnamedAuthenticator, virtualAuthenticator } from './models.ts';
export {
  checkAgainst,
  follows,
  type Mismatch,
  parseRegistry,
  parseRegistryDocument,
  registryDigest,
  registryDocument,
  unattested,
} from './registry.ts';
export { explainSeat, explainShortage, findShortage, type Present, type Shortage } from './seats.ts';
export { parseStatement, type ReadStatement } from './statement.ts';
export {
  type Abandonment,
  type Adoption,
  type Decline,
  type PersonKind,
  type PersonStatement,
  type PolicyChange,
  type Ratification,
  type RegistryChange,
  type Revocation,
  type TierRows,
} from './statement-form.ts';
export { type Chain, type ChainCode, type ChainLink, type ChainRoot, type ChainVerdict, verifyChain } from './chain.ts';
export { type Right, rightFor, rights } from './rights.ts';
export {
  type About,
  hear,
  type Heard,
  type LogVoices,
  openVoices,
  targetOf,
  type Uncounted,
  whyNextUncounted,
  withOwn,
} from './hear.ts';
export { readPin } from './pin.io.ts';
export { type Pin, type Term, type Told } from './terms.ts';
export { type Voices, whyUncounted } from './voices.ts';
export { decide } from './decide.ts';
export {
  type DecidedTarget,
  type Decision,
  type DecisionCode,
  type NamedCycle,
  type RatificationVerdict,
  type ReceivedSignature,
  type ResolvedEvidence,
  type SignedStatement,
} from './decision.ts';
export { type Act, explainOpens, may } from './purpose.ts';
export { authorsOf, buildRatification, type Proposal, seatsFor, targetRoot } from './ratification.ts';
export {
  type Counted,
  type DropCode,
  type Dropped,
  type SeatsState,
  type Signing,
} from './signers.ts';
export { type Asked, decideRecorded, ratificationsOf, seatsOf, unresolved } from './decide-recorded.ts';
export { readRules } from './history-rules.ts';
export {
  type Broken,
  type History,
  isOf,
  type PeopleBodies,
  type PeopleEvidence,
  readHistory,
  type Recorded,
  type Signatory,
} from './history.ts';
export {
  type GateRecord,
  peopleKinds,
  type PeopleRecord,
  peopleRecords,
  type ProposalRecord,
  readPeopleRecord,
  readProposal,
  readRulesRecord,
  type Rules,
  rulesOf,
  type RulesRecord,
} from './record.ts';
export { readRecord } from './record.io.ts';
