export { buildDossier, type DossierSource, sealedAtOf, subjectOf } from './build.ts';
export * from './dossier.ts';
export { schemaAgainst, stateOf } from './production.ts';
export { type ProductionLook, readProduction } from './production.io.ts';
export {
  type DossierEvidence,
  type DossierRecord,
  findDossier,
  readDossier,
  show,
  type ShownDossier,
} from './dossier-record.ts';
export { madeRelations } from './measures.ts';
export { dossierText, readingText } from './dossier-text.ts';
export { dossierHtml } from './page/dossier-page.ts';
export { reviewHtml } from './page/review-html.ts';
export { type DossierView } from './page/view.ts';
