import { printable, truncate } from '../../core/index.ts';
import { sqlStateOf } from '../../database/index.ts';

/** A function of a procedural language and a line in it. */
const call = /^\S.*\([^()]*\) \S+ \d+ /;

/**
 * Why the server did not take a row, without values. The message of an integrity error names constraint and column only; its detail, and
 * what a function raises, may hold values: there the place is named instead.
 *
 * Source  PostgreSQL manual, "Error and Notice Message Fields"; `routine` is the same in every language.
 */
export function whyRefused(error: unknown): string {
  const said = typeof error === 'object' && error !== null ? (error as Readonly<Record<string, unknown>>) : {};
  const state = sqlStateOf(error);
  const isRaised = said['routine'] === 'exec_stmt_raise';
  const context = typeof said['where'] === 'string' ? said['where'] : '';
  const where = context.split('\n').find((line) => call.test(line));
  const message = typeof said['message'] === 'string' ? said['message'] : '';
  // a parser of a type quotes what it was given (22P02), a cast the value (22003), and SQL that a function computes may hold it as a name
  const isSafe = context === '' && /^(23|42|0A|55)/.test(state);
  const unsafe = isRaised ? 'a function raised an error' : 'the server refused a value';
  const words = isSafe && !isRaised ? message : unsafe;
  const place = where === undefined ? '' : ` in ${where}`;
  return truncate(printable(`${words} [SQLSTATE ${state === '' ? 'unknown' : state}]${place}`), 300);
}

/** The column that took no NULL, where that was the reason. */
export function needlessNull(error: unknown): string | null {
  const said = typeof error === 'object' && error !== null ? (error as Readonly<Record<string, unknown>>) : {};
  return sqlStateOf(error) === '23502' && typeof said['column'] === 'string' ? said['column'] : null;
}

/** Whether a statement took too long: the next one would as well. */
export function isTimeout(error: unknown): boolean {
  return sqlStateOf(error) === '57014';
}
