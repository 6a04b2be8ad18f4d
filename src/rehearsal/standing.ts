import { compareSchemas, type DataComparison, type Difference, type SchemaFingerprint } from '../fingerprint/index.ts';

/** How a clone stands to the golden copy: the schema before and now, and the rows compared. */
export interface Standing {
  readonly before: SchemaFingerprint;
  readonly after: SchemaFingerprint;
  readonly data: DataComparison;
}

/** All differences, schema first. */
export function differencesOf({ before, after, data }: Standing): readonly Difference[] {
  return [...compareSchemas(before, after), ...data.differences];
}
