export { notForProduction } from '../dossier/index.ts';
export { type DemoAuthenticator, makeDemoAuthenticator, signWithDemo } from './demo-authenticator.io.ts';
export { type Ceremony, recognise, type Signed, signingActions } from './ceremony.io.ts';
export { enrolmentActions } from './enrol.io.ts';
export { enrolPage, signPage, type SignView, type Standing } from './pages.ts';
export { draftRegistry, type Enrolment, refuseKey } from './registration.ts';
export { type Page, type ServedPage, servePage } from './serve.io.ts';
export { listenAt } from './guard.ts';
