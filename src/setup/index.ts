export { findDatabase, type FoundDatabase } from './detect.io.ts';
export { requirePinned } from './pinned-files.io.ts';
export { pinSetup } from './pin-setup.io.ts';
export { initSetup, readSetup, targetOf, targetsOf } from './read-setup.io.ts';
export type * from './clone-setup.ts';
export type { KnownCopy } from './setup-template.ts';
export type * from './setup.ts';
