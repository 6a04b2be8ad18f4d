export type * from './clone.ts';
