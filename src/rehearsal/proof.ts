import { type Problem, printable } from '../core/index.ts';
import {
  compareRows,
  compareSchemas,
  type DataFingerprint,
  type Difference,
  explainDifference,
  type SchemaFingerprint,
} from '../fingerprint/index.ts';
import { type Proof } from './rehearsal.ts';

/** The schema and the rows of a clone at one time. */
export interface State {
  readonly schema: SchemaFingerprint;
  readonly data: DataFingerprint;
}

/** All differences of two states, schema first. */
export function differencesOf(before: State, after: State): readonly Difference[] {
  return [...compareSchemas(before.schema, after.schema), ...compareRows(before.data, after.data)];
}

/** The record of a proof. What decides stands first among the differences that are kept. */
export function proofOf(found: {
  readonly before: State;
  readonly after: State;
  readonly differences: readonly Difference[];
  readonly durationMs: number;
}): Proof {
  const { before, after, differences, durationMs } = found;
  const logical = differences.filter((one) => one.level === 'logical');
  return {
    method: 'full',
    strict: differences.length === 0 ? 'equal' : 'different',
    logical: logical.length > 0 ? 'different' : 'equal',
    differences: [...logical, ...differences.filter((one) => one.level === 'strict')].slice(0, kept),
    differenceCount: differences.length,
    notProven: after.data.notProven,
    relations: after.data.relations.length,
    rows: after.data.relations.reduce((sum, one) => sum + BigInt(one.rows), 0n).toString(),
    objects: after.schema.objects.length,
    seeds: after.data.seeds,
    schemaDigest: { before: before.schema.digest, after: after.schema.digest },
    dataDigest: { before: before.data.digest, after: after.data.digest },
    durationMs,
  };
}

/** How many differences are named as problems, and how many the record keeps. */
const shown = 10;
const kept = 100;

/** The differences that count at a level, as problems. */
export function explained(
  differences: readonly Difference[],
  as: { readonly code: Problem['code']; readonly level: Difference['level'] },
): readonly Problem[] {
  const counted = differences.filter((one) => as.level === 'strict' || one.level === 'logical');
  return counted.slice(0, shown).map((one) => ({
    code: as.code,
    problem: printable(explainDifference(one)),
    fix:
      as.code === 'FORWARD_NOT_REPEATABLE'
        ? 'take now(), random() and unordered LIMIT out of the up.sql, or make it independent of them'
        : `correct down.sql so that ${printable(one.name)} is as it was before`,
  }));
}
