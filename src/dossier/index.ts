export type * from './dossier.ts';
