export type * from './documents.ts';
export { type AssertionCheck, type AssertionCode, checkAssertion } from './passkey.ts';
export { type Opens, opensForm } from './opens.ts';
export { readPolicy, readPolicyAndRegistry, readRegistry } from './documents.io.ts';
export { parsePolicy, parsePolicyDocument, policyDigest, policyDocument, type UntrustedText } from './policy.ts';
export { type AttestationCheck, type AttestationCode, checkAttestation } from './attestation.ts';
export { isSoftware, softwareModels, unnamedAuthenticator, virtualAuthenticator } from './models.ts';
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
export { parseStatement, type ReadStatement } from './read-statement.ts';
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
export {
  type Chain,
  type ChainCode,
  type ChainLink,
  type ChainRoot,
  type ChainVerdict,
  verifyChain,
} from './registry-chain.ts';
export { type Right, rightFor, rights } from './rights.ts';
export {
  type About,
  hear,
  type HeardEvidence,
  type LogVoices,
  openVoices,
  registryAt,
  sampledAllowed,
  targetNamedBy as targetOf,
  type Uncounted,
  whyNextUncounted,
  withOwn,
} from './counted-evidence.ts';
export { readPin } from './pin.io.ts';
export { type Pin, type Term, type RegistryRecord } from './terms.ts';
export { signerName, type Voices, whyUncounted } from './voices.ts';
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
export { type StatementAct, explainOpens, may, purposes } from './purpose.ts';
export { authorsOf, buildRatification, type RatificationRequest, seatsFor, targetRoot } from './ratification.ts';
export {
  type CountedSigner,
  type DropCode,
  type UncountedSignature,
  type SeatsState,
  type Signing,
} from './signers.ts';
export { type CoverageQuestion, decideRecorded, ratificationsOf, seatsOf, unresolved } from './decide-recorded.ts';
export { readRules } from './history-rules.ts';
export {
  type Broken,
  type History,
  isOf,
  type PeopleBodies,
  type PeopleEvidence,
  readHistory,
  type RecordedStatement,
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
} from './signed-evidence.ts';
export { policyText } from './policy-template.ts';
