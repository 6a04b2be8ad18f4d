export { compareRows, compareSchemas, explainDifference, unproven } from './compare.ts';
export type * from './fingerprint.ts';
export { captureRows, type RowsPlan } from './rows.io.ts';
export { captureSchema } from './schema.io.ts';
export { markChanges, type Marked } from './changed.io.ts';
export { compareData, type DataPlan, type DataSide } from './data.io.ts';
export { differingColumns } from './columns.io.ts';
