export { type Bundle, type BundleSource, readBundle, writeBundle } from './bundle.ts';
export { type Root, type StatementText, type BundleHistory } from './people.ts';
export { type Foreign, sourcesIn, type Verification, type Verified, verifyBundle } from './verify.ts';
