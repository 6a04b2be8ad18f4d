import colors from 'picocolors';
import { type ErrorCode, OneRoofError, printable, type Problem } from '../core/index.ts';

/** What a command has to say at its end: data for people and for machines, and its exit status (1 is NO-GO or BLOCKED). */
export interface Outcome {
  readonly exit: 0 | 1;
  /** The name of the JSON's form; see docs/JSON.md. */
  readonly schema: string;
  readonly data: object;
  /** For people, on stdout; made safe by `printable` where it shows an author's text. */
  readonly text: string;
}

/** The terminal, as a command may use it: talk goes to stderr, so that data on stdout can be piped. */
export interface Terminal {
  /** One line of talk. */
  say(line: string): void;
  /** Replaces the progress line; shown on a terminal only. */
  progress(text: string): void;
}

const picked = colors.createColors(
  process.stderr.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
);
const printed = colors.createColors(
  process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
);

/** Colours for what a command prints on stdout; they change nothing where it is not a terminal. */
export const paint = {
  heading: (text: string): string => printed.bold(text),
  good: (text: string): string => printed.green(text),
  bad: (text: string): string => printed.red(text),
  quiet: (text: string): string => printed.dim(text),
} as const;

const clearLine = '\r\u001b[2K';
/** Work that ends sooner needs no progress line. Milliseconds. */
const quiet = 1000;

/** Opens the terminal for one command. */
export function openTerminal(): Terminal & { close(): void } {
  const from = performance.now();
  let shown = false;
  const clear = (): void => {
    if (shown) process.stderr.write(clearLine);
    shown = false;
  };
  return {
    say: (line) => {
      clear();
      process.stderr.write(`${line}\n`);
    },
    progress: (text) => {
      if (!process.stderr.isTTY || performance.now() - from < quiet) return;
      process.stderr.write(clearLine + picked.dim(printable(text).slice(0, (process.stderr.columns ?? 80) - 1)));
      shown = true;
    },
    close: clear,
  };
}

/** Writes what a command has to say to stdout and sets the exit status. */
export function writeOutcome(outcome: Outcome, form: 'text' | 'json'): void {
  if (form === 'json') writeJson({ schema: outcome.schema, exit: outcome.exit, ...outcome.data });
  else if (outcome.text !== '') process.stdout.write(outcome.text.endsWith('\n') ? outcome.text : `${outcome.text}\n`);
  process.exitCode = outcome.exit;
}

/** Writes an error: `error:` then `hint:` for each problem, to stderr; with `json`, one object to stdout. Sets the exit status. */
export function writeError(thrown: unknown, form: 'text' | 'json'): void {
  const error = asOneRoofError(thrown);
  process.exitCode = error.exitStatus;
  if (form === 'json') {
    writeJson({ schema: 'oneroof/error/1', exit: error.exitStatus, problems: error.problems });
    return;
  }
  for (const problem of error.problems) process.stderr.write(problemLines(problem));
  if ((process.env['ONEROOF_DEBUG'] ?? '') !== '' && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
}

function writeJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** One problem for people: the error with its place, the excerpt with a caret, the hint. */
function problemLines(problem: Problem): string {
  const { place, excerpt } = problem;
  const at = place === undefined ? '' : [place.file, place.line, place.column].filter((part) => part !== undefined);
  const where = at === '' ? '' : `${printable(at.join(':'))}: `;
  const lines = [`${picked.red('error:')} ${where}${printable(problem.problem)} ${picked.dim(`[${problem.code}]`)}`];
  if (excerpt !== undefined && place?.line !== undefined) lines.push(...caret(excerpt, place.line, place.column ?? 1));
  lines.push(`${picked.cyan('hint:')} ${printable(problem.fix)}`, '');
  return lines.join('\n');
}

/** The part of a line around the column, so that a long line does not push the caret off the screen. */
function caret(excerpt: string, line: number, column: number): string[] {
  const characters = [...excerpt];
  const start = Math.max(0, column - 60);
  const before = printable(characters.slice(start, column - 1).join(''));
  const after = printable(characters.slice(column - 1, column + 40).join(''));
  const margin = `${line} | `;
  return [
    `  ${picked.dim(margin)}${before}${after}`,
    `  ${' '.repeat(margin.length + before.length)}${picked.red('^')}`,
  ];
}

function asOneRoofError(thrown: unknown): OneRoofError {
  if (thrown instanceof OneRoofError) return thrown;
  const code: ErrorCode = 'INTERNAL';
  return new OneRoofError(code, {
    problem: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown),
    fix: 'this is a defect of One Roof: please report it, with what ONEROOF_DEBUG=1 prints',
    cause: thrown,
  });
}
