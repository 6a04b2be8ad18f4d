import { isNonEmpty, type NonEmpty } from './brand.ts';
import { type ErrorCode, errorCodes } from './error-codes.ts';
import { type Facts } from './stated.ts';

/** Where a problem is: a file, and a line and column in it (both from 1, the column in characters). */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** One thing that is wrong, and the next thing to type or edit. */
export interface Problem {
  readonly code: ErrorCode;
  /** What, where, expected: one line. */
  readonly problem: string;
  /** The values that the sentence names, as data; empty where it names nothing. */
  readonly facts: Facts;
  /** The next thing to type or edit. */
  readonly fix: string;
  readonly place?: Place;
  /** The line of the author's text that the place names, so that a caret can be drawn below it. */
  readonly excerpt?: string;
  /** More lines for people, below the problem: where a long definition differs, what the server said of the place. */
  readonly detail?: readonly string[];
}

/** What is said of one problem; the code comes beside it. */
export type ProblemText = Omit<Problem, 'code'>;

/**
 * The one error class: what cannot be decided or done, with a code from a closed union, a place and a fix.
 * It can hold several problems, so that a reader hears of all of them at once.
 */
export class OneRoofError extends Error {
  override readonly name = 'OneRoofError';
  readonly code: ErrorCode;
  readonly problems: NonEmpty<Problem>;

  constructor(code: ErrorCode, text: ProblemText & { readonly cause?: unknown }) {
    const { cause, ...rest } = text;
    super(rest.problem, cause === undefined ? undefined : { cause });
    this.code = code;
    // last: a text that was taken from another problem brings that one's code along
    this.problems = [{ ...rest, code }];
  }

  /** The exit status of the process that ends with this error: 2 usage, 3 refused, 4 broken. */
  get exitStatus(): 2 | 3 | 4 {
    return errorCodes[this.code][0];
  }

  /** An error that holds all of several problems; its code is the first one's. */
  static of(problems: NonEmpty<Problem>): OneRoofError {
    const [first] = problems;
    const error = new OneRoofError(first.code, first);
    Object.defineProperty(error, 'problems', { value: problems });
    return error;
  }

  /** Throws when there is a problem, with all of them. */
  static throwIfAny(problems: readonly Problem[]): void {
    if (isNonEmpty(problems)) throw OneRoofError.of(problems);
  }
}
