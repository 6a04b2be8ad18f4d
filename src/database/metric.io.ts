import { type ErrorCode, OneRoofError, type Place, printable, truncate, stated } from '../core/index.ts';
import { type Snapshot } from './observer.io.ts';
import { type Rows, type Session } from './session.io.ts';
import { problemOf } from './sqlstate.ts';

/** Runs one SELECT and returns its first rows, two at the most being of interest. */
export type RowReader = (text: string) => Promise<Rows>;

/** A metric to measure: its name, and its query with its place in the release. */
export interface MetricQuery {
  readonly name: string;
  readonly sql: string;
  readonly place?: Place;
}

/** A reader over an observer's snapshot (production) or over an ordinary session (a clone). */
export function readerOf(source: Snapshot | Session): RowReader {
  return 'read' in source ? (text) => source.read(text, { maxRows: 1 }) : (text) => source.rows(text, { maxRows: 2 });
}

/**
 * Measures a metric: the one number that its query returns.
 *
 * Errors  METRIC_NO_ROW, METRIC_MANY_ROWS, METRIC_NULL, METRIC_NOT_A_NUMBER; METRIC_FAILED, QUERY_TIMEOUT, LOCK_TIMEOUT, DISK_FULL or
 *         CONNECTION_LOST for what the server answers, with the place in the query.
 */
export async function measureMetric(read: RowReader, metric: MetricQuery): Promise<number> {
  const place = metric.place ?? { file: `metrics/${metric.name}.sql`, line: 1, column: 1 };
  const rows = await read(metric.sql).catch((cause: unknown) => {
    const found = problemOf(cause, { sql: metric.sql, place });
    const code = found.code === 'SQL_FAILED' ? 'METRIC_FAILED' : found.code;
    throw new OneRoofError(code, { ...found, problem: `metric ${metric.name}: ${found.problem}`, cause });
  });
  const refuse = (code: ErrorCode, problem: string): OneRoofError =>
    new OneRoofError(code, {
      ...stated`metric ${{ metric: metric.name }}: ${{ why: problem }}, expected one row with one number`,
      fix: `change ${place.file} so that it returns one number, e.g. \`select count(*) from …\``,
      place,
    });
  const [first, second] = rows;
  if (first === undefined) throw refuse('METRIC_NO_ROW', 'the query returned no row');
  if (second !== undefined) throw refuse('METRIC_MANY_ROWS', 'the query returned more than one row');
  const [value] = first;
  if (first.length !== 1 || value === undefined)
    throw refuse('METRIC_NOT_A_NUMBER', `the query returned ${first.length} columns`);
  if (value === null) throw refuse('METRIC_NULL', 'the query returned NULL');
  const number = Number(value);
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value) || !Number.isFinite(number))
    throw refuse('METRIC_NOT_A_NUMBER', `the query returned "${printable(truncate(value, 60))}"`);
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER)
    throw refuse('METRIC_NOT_A_NUMBER', `${truncate(value, 60)} is too large to be compared exactly`);
  return number;
}
