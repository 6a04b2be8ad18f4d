export { compareRows, compareSchemas, explainDifference } from './compare.ts';
export { type ExamplesPlan, findExamples } from './examples.io.ts';
export type * from './fingerprint.ts';
export { captureRows } from './rows.io.ts';
export { captureSchema } from './schema.io.ts';
