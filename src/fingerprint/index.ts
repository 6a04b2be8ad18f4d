export { compareObjects, compareRows, compareSchemas, unproven } from './list-differences.ts';
export { explainDifference, explainExamples, explainNoticed } from './explain.ts';
export { type ComparedSchemas, type DifferenceNode } from './tree/node.ts';
export { allBelow, differenceTree } from './tree/tree.ts';
export { explainMore, explainNode, heaviest, nodeFacts, nodeLines, type ShownRoots } from './tree/tree-words.ts';
export { type FingerprintDocument, fingerprintForm, parseFingerprint } from './document.ts';
export { whiteSpaceOnly } from './rows/white-space.io.ts';
export { type ExamplesPlan, findExamples } from './rows/examples.io.ts';
export * from './fingerprint.ts';
export { columnsKey } from './rows/plan.ts';
export { type ChosenRows, chosenRows } from './rows/chosen-rows.io.ts';
export { captureRows, type RowsPlan } from './rows/hash-rows.io.ts';
export { drawSeeds } from './rows/seeds.io.ts';
export { captureStillRows, stillSettings } from './rows/still-rows.io.ts';
export { captureSchema, readNoticed } from './schema/schema.io.ts';
export { markSchema, SchemaDeltas, type SchemaMark, wholeDelta } from './schema/delta.io.ts';
export { type KeyedObject, type SchemaDelta, sidesOf } from './schema/delta.ts';
export { fingerprintOf } from './schema/fingerprint-of.ts';
export { type ChangedFiles, changedSince, markChanges, type Marked } from './rows/changed.io.ts';
export { compareData, type DataPlan, type DataSide } from './rows/compare-rows.io.ts';
export { differingColumns } from './rows/columns.io.ts';
export { schemaDigestBody, schemaDigestSql, schemaListingSql } from './schema/digest.sql.ts';
export {
  besideFootprint,
  differingObjects,
  listed,
  type ListedObject,
  explainUnrelated,
  type ObjectDifference,
  type RehearsedSchema,
  unlisted,
  type Unrelated,
  unrelatedForm,
} from './listing.ts';
export { listSchema } from './schema/listing.io.ts';
export { compareInitdb } from './schema/initdb.io.ts';
export { type DoubtfulIndex, doubtfulIndexes } from './schema/indexes.io.ts';
export { footprintBody } from './schema/footprint-rows.sql.ts';
export {
  type Acceptance,
  type Anchors,
  type DriftDifference,
  driftForm,
  explainDrift,
  explainDriftWhole,
  type Footprint,
  footprintDigest,
  footprintForm,
  type FootprintPoint,
  statesSince,
} from './footprint.ts';
export { lookAt } from './footprint.io.ts';
