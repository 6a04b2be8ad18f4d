import { OneRoofError } from '../core/index.ts';
import { type Session } from '../database/index.ts';
import { type RowExample } from './fingerprint.ts';

/** Which relation's rows are told apart, and what is said of them. */
export interface ExamplesPlan {
  /** Qualified and quoted as in SQL, as in `RelationRows.relation`. */
  readonly relation: string;
  /** Rows, 3 where absent; at most 100. */
  readonly limit?: number;
  /** Absent: no values in the result, because production's rows may hold secrets. */
  readonly values?: 'shown';
}

/**
 * Finds the first rows that tell one relation of two databases apart, without transferring the relation.
 * Begins and ends a transaction of its own on both sides: neither session may be in one.
 */
export async function findExamples(
  before: Session,
  after: Session,
  plan: ExamplesPlan,
): Promise<readonly RowExample[]> {
  throw new OneRoofError('INTERNAL', { problem: `${plan.relation} ${before.pid} ${after.pid}`, fix: 'not there yet' });
}
