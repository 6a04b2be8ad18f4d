export type * from './clone.ts';
export { openCloneHost } from './host.io.ts';
