export { changeForm, changesForm, changesOf, explainRows, type SchemaChange, type SchemaChanges } from './changes.ts';
export { making } from './making-sql.ts';
export { dropping } from './object-sql.ts';
export { nothingDone, type ReleaseWork } from './release-work.ts';
export { remedyText } from './remedy.ts';
export { restoring } from './restoring.ts';
