export * from './clone.ts';
export { openCloneHost, openKept } from './host.io.ts';
