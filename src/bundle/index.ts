export { type Bundle, type BundleSource, type Ratified, readBundle, writeBundle } from './bundle.ts';
export { type CheckRatification, type Verification, verifyBundle } from './verify.ts';
