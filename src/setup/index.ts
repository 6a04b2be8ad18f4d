export type * from './setup.ts';
