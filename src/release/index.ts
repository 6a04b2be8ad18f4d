export { isTouched, meets } from './expectation.ts';
export { loadParser } from './parser.io.ts';
export { type Parser, type Statement } from './parser.ts';
export {
  checkSeal,
  lintRelease,
  readRelease,
  readSealed,
  readSealedSources,
  readSources,
  type SealCheck,
  sealRelease,
} from './release.io.ts';
export type * from './release.ts';
export { ownSettings } from './settings.ts';
export { readSealRecord, releaseOfSeal, type SealRecord } from './sealed.ts';
export { initRelease, newTier } from './scaffold.io.ts';
export { type SealChange, type SealDocument, sealDocument } from './seal.ts';
export { type SqlPiece } from './scan.ts';
