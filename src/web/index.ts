export { notForProduction } from '../dossier/index.ts';
export { type DemoAuthenticator, makeDemoAuthenticator, signWithDemo } from './demo-authenticator.io.ts';
export {
  type Ceremony,
  ceremonyPage,
  recognise,
  type ShownCeremony,
  type Signed,
  signingActions,
} from './ceremony.io.ts';
export {
  type ChangeCeremony,
  type ChangeName,
  changeCeremony,
  type Drawn,
  type NonceFor,
  withdrawalCeremony,
} from './change-ceremony.io.ts';
export {
  cannotBeSpared,
  couldFill,
  describeChange,
  type Difference,
  differenceText,
  documentOf,
  type InForce,
  type Next,
  requireNext,
} from './change.ts';
export { type ClosingCeremony, closingCeremony, type ClosingPlan } from './closing-ceremony.io.ts';
export { compareTarget, readyToAdopt, type ReadyToAdopt } from './adopt.io.ts';
export { abandonCeremony, adoptCeremony, type EndingCeremony, requireNotAbandoned } from './ending-ceremony.io.ts';
export { judgeCourse, readWord } from './judgement.io.ts';
export {
  proposedCeremony,
  type RatifyCeremony,
  ratifyCeremony,
} from './ratify-ceremony.io.ts';
export { type RatifyPlan, type RatifyPurpose, requireProposal } from './propose.io.ts';
export { recorded, type Recording } from './recording.io.ts';
export { type ReviewTime, reviewTime } from './review.ts';
export { parsed, readInForce, type Relay, withRelay } from './relay.io.ts';
export { dropFrom } from './leaving.ts';
export { enrolmentActions } from './enrol.io.ts';
export { type Prompts, promptsInMemory } from './prompts.io.ts';
export { enrolScript, passkeyScript, signScript } from './script.ts';
export { enrolPage, signPage, type SignView, type Standing } from './pages.ts';
export {
  draftRegistry,
  type Enrolment,
  type Leaving,
  nextVersion,
  refuseKey,
  withKey,
  without,
} from './registration.ts';
export { type Answer, type Page, type ServedPage, servePage } from './serve.io.ts';
export { listenAt } from './guard.ts';
export { guardedApp } from './guarded.io.ts';
export { startListening } from './listen.io.ts';
