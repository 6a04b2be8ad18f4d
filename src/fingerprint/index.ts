export {
  compareObjects,
  compareRows,
  compareSchemas,
  explainDifference,
  explainExample,
  explainNoticed,
  unproven,
} from './compare.ts';
export { type FingerprintDocument, parseFingerprint } from './document.ts';
export { whiteSpaceOnly } from './rows/white-space.io.ts';
export { type ExamplesPlan, findExamples } from './rows/examples.io.ts';
export * from './fingerprint.ts';
export { columnsKey } from './rows/plan.ts';
export { captureRows, type RowsPlan } from './rows/rows.io.ts';
export { captureSchema, readNoticed } from './schema/schema.io.ts';
export { markSchema, SchemaDeltas, type SchemaMark, wholeDelta } from './schema/delta.io.ts';
export { type KeyedObject, type SchemaDelta, sidesOf } from './schema/delta.ts';
export { fingerprintOf } from './schema/fingerprint-of.ts';
export { type ChangedFiles, changedSince, markChanges, type Marked } from './rows/changed.io.ts';
export { compareData, type DataPlan, type DataSide } from './rows/data.io.ts';
export { differingColumns } from './rows/columns.io.ts';
export { schemaDigestBody, schemaDigestSql } from './schema/digest.sql.ts';
export { compareInitdb } from './schema/initdb.io.ts';
export { type DoubtfulIndex, doubtfulIndexes } from './schema/indexes.io.ts';
