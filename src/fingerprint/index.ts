export type * from './fingerprint.ts';
