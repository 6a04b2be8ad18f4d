import { OneRoofError, type Problem, stated } from '../../core/index.ts';
import { problemOf, sqlStateOf } from '../../database/index.ts';
import { type Step } from '../../release/index.ts';
import { grantFix } from './role.ts';

/**
 * The problem of a statement that the server refused; a clone that is gone is thrown, because nothing can be decided without it. `role`: as which
 * it ran, null where that is the administrator of the clone.
 */
export function requirementRefused(error: unknown, step: Step, role: string | null): Problem {
  const lost = gone(error);
  if (lost !== null) throw lost;
  const problem = problemOf(error, { sql: step.sql, place: step.place });
  // it ends the session too, so nothing after it can be rehearsed
  if (sqlStateOf(error) === '25P04') throw new OneRoofError(problem.code, { ...problem, cause: error });
  if (role !== null && sqlStateOf(error) === '42501' && error instanceof Error)
    return { ...problem, fix: grantFix(role, error.message) };
  // our own connection is lost by an error of ours: what the server says of a connection is the statement's attempt to reach another one
  return sqlStateOf(error).startsWith('08') ? { ...problem, code: 'SQL_FAILED' } : problem;
}

const lostStates = ['57P01', '57P02', '3D000'];

/** The error of a clone that went away; null where the error says something else. */
export function gone(error: unknown): OneRoofError | null {
  const code = sqlStateOf(error);
  if (!lostStates.includes(code) && code !== 'CONNECTION_LOST' && code !== 'CONNECT_NO_DATABASE') return null;
  return new OneRoofError('CLONE_GONE', {
    ...stated`the rehearsal clone disappeared while it was in use: someone dropped it, or its server stopped`,
    fix: 'run the same command again; `oneroof clone gc` drops only what has expired',
    cause: error,
  });
}

/** The error of an interrupted rehearsal. */
export function rehearsalInterrupted(): OneRoofError {
  return new OneRoofError('INTERRUPTED', {
    ...stated`the rehearsal was interrupted; its clone was dropped`,
    fix: 'run the same command again',
  });
}
