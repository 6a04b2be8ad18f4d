import {
  compareSchemas,
  type DataComparison,
  type Difference,
  type DoubtfulIndex,
  type SchemaFingerprint,
} from '../fingerprint/index.ts';

/** How a clone stands to the golden copy: the schema before and now, and the rows compared. */
export interface Standing {
  readonly before: SchemaFingerprint;
  readonly after: SchemaFingerprint;
  readonly data: DataComparison;
  /** Of what initdb made. */
  readonly initdb: readonly Difference[];
  /** Whose contents may be wrong where rows of their tables were written. */
  readonly doubtful: readonly DoubtfulIndex[];
}

/** All differences, schema first. */
export function differencesOf({ before, after, data, initdb }: Standing): readonly Difference[] {
  return [...compareSchemas(before, after), ...initdb, ...data.differences];
}
