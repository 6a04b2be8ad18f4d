export { isTouched, meets } from './expectation.ts';
export { loadParser } from './parser.io.ts';
export { type Parser, type Statement } from './parser.ts';
export { cutAsPsql } from './psql.ts';
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
export { ownSettings } from './release-settings.ts';
export { readSealRecord, releaseOfSeal, type SealRecord } from './sealed.ts';
export { type RolledOut } from './draft-back.ts';
export { initRelease, newTier, refuseExistingRelease, writeDraftBack } from './scaffold.io.ts';
export { type ChangedPart, diffReleases } from './release-diff.ts';
export { type SealChange, type SealDocument, sealDocument } from './seal.ts';
export { type SqlPiece } from './scan.ts';
