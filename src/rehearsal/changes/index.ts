export { changeForm, changesForm, changesOf, explainRows, type SchemaChange, type SchemaChanges } from './changes.ts';
export { dropping, making } from './object-sql.ts';
export { nothingDone, type ReleaseWork } from './release-work.ts';
export { remedyText, restoring } from './restoring.ts';
