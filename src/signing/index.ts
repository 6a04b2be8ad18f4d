export { notForProduction } from '../dossier/index.ts';
export {
  type Ceremony,
  ceremonyPage,
  recognise,
  type ShownCeremony,
  type Signed,
  signingActions,
} from './ceremony.io.ts';
export { type ChangeCeremony, changeCeremony, withdrawalCeremony } from './change-ceremony.io.ts';
export { type Drawn, type NonceName } from './signature-ceremony.io.ts';
export {
  cannotBeSpared,
  couldFill,
  describeChange,
  type RuleDifference,
  differenceText,
  documentOf,
  type PolicyAndRegistry,
  type Next,
  requireNext,
} from './change.ts';
export { type ClosingCeremony, closingCeremony, type ClosingPlan } from './closing-ceremony.io.ts';
export { type Declined, declinesOf } from './declines.ts';
export { earlierHtml, type EarlierSeal } from './earlier-seal.ts';
export { readEarlierSeal } from './earlier-seal.io.ts';
export { lastRollback } from './waiting-proposal.ts';
export { compareTarget, readyToAdopt, type ReadyToAdopt } from './adoption.io.ts';
export { abandonCeremony, adoptCeremony, type EndingCeremony, requireNotAbandoned } from './ending-ceremony.io.ts';
export { judgeCourse, readWord } from './judgement.io.ts';
export {
  proposedCeremony,
  type RatifyCeremony,
  acceptedFacts,
  directionOf,
  ratifyCeremony,
} from './ratify-ceremony.io.ts';
export { type RatifyPlan, type RatifyPurpose, requireProposal } from './propose.io.ts';
export { readVerdictNow } from './verdict-now.io.ts';
export { type VerdictNow, verdictNowHtml, verdictNowText } from './verdict-now.ts';
export { recorded, tryRecording, type EvidenceRecording } from './recording.io.ts';
export { type ReviewTime, reviewTime } from './review.ts';
export { parsed, readInForce, type Relay, withRelay } from './relay.io.ts';
export { dropFrom } from './leaving.ts';
export { enrolmentActions } from './enrolment.io.ts';
export { type Prompts, promptsInMemory } from './prompts.io.ts';
export { enrolPage, productionBanner, signForm, signPage, type SignView, type SigningState } from './signing-html.ts';
export {
  draftRegistry,
  type Enrolment,
  type Leaving,
  nextVersion,
  refuseKey,
  withKey,
  without,
} from './registration.ts';
export { type Answer, malformedAnswer } from './answer.ts';
export { type Page, type ServedPage, servePage } from './serve-page.io.ts';
export { offerPage, passedOnAt, passOn } from './pass-on.io.ts';
export { listenAt } from './guard.ts';
export { guardedApp } from './guarded-app.io.ts';
export { startListening } from './listen.io.ts';
export { reviewsBesideHtml } from './reviews-beside-html.ts';
