export { compareRows, compareSchemas, explainDifference, explainExample, unproven } from './compare.ts';
export { type FingerprintDocument, parseFingerprint } from './document.ts';
export { type ExamplesPlan, findExamples } from './examples.io.ts';
export type * from './fingerprint.ts';
export { captureRows, type RowsPlan } from './rows.io.ts';
export { captureSchema } from './schema.io.ts';
export { markChanges, type Marked } from './changed.io.ts';
export { compareData, type DataPlan, type DataSide } from './data.io.ts';
export { differingColumns } from './columns.io.ts';
