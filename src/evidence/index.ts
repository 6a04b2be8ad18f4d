export * from './evidence.ts';
export { openFolderStore } from './folder.io.ts';
