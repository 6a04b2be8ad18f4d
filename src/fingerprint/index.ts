export { compareRows, compareSchemas, explainDifference, explainExample, unproven } from './compare.ts';
export { type FingerprintDocument, parseFingerprint } from './document.ts';
export { type ExamplesPlan, findExamples } from './rows/examples.io.ts';
export type * from './fingerprint.ts';
export { captureRows, type RowsPlan } from './rows/rows.io.ts';
export { captureSchema } from './schema/schema.io.ts';
export { markChanges, type Marked } from './rows/changed.io.ts';
export { compareData, type DataPlan, type DataSide } from './rows/data.io.ts';
export { differingColumns } from './rows/columns.io.ts';
