export { changeForm, changesForm, changesOf, explainRows, type SchemaChange, type SchemaChanges } from './changes.ts';
export { type Kept } from './keeping.ts';
export { madeWhole } from './made-whole.ts';
export { making } from './making-sql.ts';
export { dropping } from './object-sql.ts';
export { nothingDone, type ReleaseWork } from './release-work.ts';
export { type Remedy, remedyText } from './remedy.ts';
export { restoring } from './restoring.ts';
