import {
  compareObjects,
  type DataComparison,
  type Difference,
  type DoubtfulIndex,
  type Noticed,
  type SchemaDelta,
} from '../fingerprint/index.ts';

/** How a clone stands to the golden copy: what may differ in the schema, and the rows compared. */
export interface Standing {
  readonly delta: SchemaDelta;
  readonly noticed: readonly Noticed[];
  readonly data: DataComparison;
  /** Of what initdb made. */
  readonly initdb: readonly Difference[];
  /** Whose contents may be wrong where rows of their tables were written. */
  readonly doubtful: readonly DoubtfulIndex[];
}

/** All differences, schema first. */
export function differencesOf({ delta, data, initdb }: Standing): readonly Difference[] {
  return [...compareObjects(delta.originals, delta.objects), ...initdb, ...data.differences];
}
