import {
  compareObjects,
  type ComparedSchemas,
  type DataComparison,
  type Difference,
  type DoubtfulIndex,
  type Noticed,
  type SchemaDelta,
} from '../../fingerprint/index.ts';

/** How a clone differs from the golden copy: what may differ in the schema, and the compared rows. */
export interface CloneDifference {
  readonly delta: SchemaDelta;
  readonly noticed: readonly Noticed[];
  readonly data: DataComparison;
  /** Of what initdb made. */
  readonly initdb: readonly Difference[];
  /** Indexes whose contents may be wrong if rows of their tables were written. */
  readonly doubtful: readonly DoubtfulIndex[];
}

/** All differences, schema first. */
export function differencesOf({ delta, data, initdb }: CloneDifference): readonly Difference[] {
  return [...compareObjects(delta.originals, delta.objects), ...initdb, ...data.differences];
}

/** Both schemas, as far as they were read. */
export function schemasOf({ delta }: CloneDifference): ComparedSchemas {
  return [{ objects: delta.originals }, { objects: delta.objects }];
}
