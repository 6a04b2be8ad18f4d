export { initSetup, readSetup, targetOf } from './read.io.ts';
export type * from './setup.ts';
