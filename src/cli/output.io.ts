import colors from 'picocolors';
import { type ErrorCode, OneRoofError, printable, type Problem, visibleJson, stated } from '../core/index.ts';
import { type SchemaName } from './json/schema-names.ts';
import { cut, type TextLayout, newest, plain, widthOf } from './text/index.ts';

/** What a command has to say at its end: data for people and for machines, and its exit status (1 is NO-GO or BLOCKED). */
export interface CommandOutcome {
  readonly exit: 0 | 1;
  /** The name of the JSON's form; see docs/JSON.md. */
  readonly schema: SchemaName;
  /** `schema` and `exit` are those of the outcome, and of nothing else. */
  readonly data: { readonly schema?: never; readonly exit?: never; readonly [field: string]: unknown };
  /** For people, on stdout; made safe by `printable` where it shows an author's text. */
  readonly text: string;
  /** What to type next; the last line of talk, and no part of the data. */
  readonly next?: string;
  /** For people, at the end of stdout: what they still have to do. The data contains it too. */
  readonly last?: string;
}

/** The terminal, as a command may use it: talk goes to stderr, so that data on stdout can be piped. */
export interface Terminal {
  /** One line of talk. */
  say(line: string): void;
  /** Replaces the progress display: on a terminal only, drawn again every second, removed at the end. */
  progress(now: string | View): void;
}

/** The lines that show the present progress; safe to print, for this number of columns. */
export type View = (look: TextLayout) => readonly string[];

const isCalm = (stream: NodeJS.WriteStream): boolean => stream.isTTY !== true || process.env['TERM'] === 'dumb';
const isPlain = (stream: NodeJS.WriteStream): boolean =>
  isCalm(stream) || isSet(process.env['NO_COLOR']) || isSet(process.env['CI']);
const isSet = (value: string | undefined): boolean => value !== undefined && value !== '' && value !== 'false';

const picked = colors.createColors(!isPlain(process.stderr));

/** Whether progress is shown on stderr while it changes; otherwise a command prints what it has finished, line by line. */
export const isLive = !isCalm(process.stderr) && !isSet(process.env['CI']);

/** How texts are laid out on stdout, or on stderr: for a terminal of its width, else plain, one line for one thing. */
export function lookOf(stream: 'stdout' | 'stderr'): TextLayout {
  const to = process[stream];
  if (to.isTTY !== true) return plain;
  const { bold, green, yellow, red, dim } = colors.createColors(!isPlain(to));
  return {
    // a terminal that does not know its width says 0
    columns: Math.max(to.columns || 80, 20),
    paint: { heading: bold, good: green, hold: yellow, bad: red, quiet: dim },
  };
}

/** Colours for what a command prints on stdout; they change nothing where it is not a terminal. */
export const { paint } = lookOf('stdout');

const escape = '\u001b[';
/** Work that ends sooner needs no progress line. Seconds. */
const quiet = 1;
/** Time is shown in seconds. Milliseconds. */
const second = 1000;

/** Opens the terminal for one command. */
export function openTerminal(): Terminal & { close(): void } {
  const from = process.uptime();
  let view: View | null = null;
  let shown = 0;
  const clear = (): string => {
    const up = shown > 1 ? `${escape}${shown - 1}A` : '';
    const text = shown === 0 ? '' : `\r${up}${escape}J`;
    shown = 0;
    return text;
  };
  const draw = (): void => {
    if (!isLive || view === null || process.uptime() - from < quiet) return;
    const look = lookOf('stderr');
    // the last column stays free, so that no terminal breaks a line by itself; a lost line would stay behind
    const lines = newest(view({ ...look, columns: look.columns - 1 }), (process.stderr.rows || 24) - 2);
    process.stderr.write(clear() + lines.join('\n'));
    shown = lines.length;
  };
  const timer = setInterval(draw, second).unref();
  return {
    say: (line) => {
      process.stderr.write(`${clear()}${line}\n`);
      draw();
    },
    progress: (now) => {
      view =
        typeof now === 'string' ? ({ columns, paint: { quiet: dim } }) => [dim(cut(printable(now), columns))] : now;
      draw();
    },
    close: () => {
      clearInterval(timer);
      view = null;
      process.stderr.write(clear());
    },
  };
}

/** Writes the result of a command to stdout, then the next command to stderr, and sets the exit status. */
export function writeOutcome(outcome: CommandOutcome, form: 'text' | 'json'): void {
  if (form === 'json') writeJson({ schema: outcome.schema, exit: outcome.exit, ...outcome.data });
  else if (outcome.text !== '') process.stdout.write(outcome.text.endsWith('\n') ? outcome.text : `${outcome.text}\n`);
  if (outcome.next !== undefined) process.stderr.write(`${picked.cyan('next:')} ${printable(outcome.next)}\n`);
  if (form === 'text' && outcome.last !== undefined && outcome.last !== '') process.stdout.write(`${outcome.last}\n`);
  process.exitCode = outcome.exit;
}

/** Writes an error: `error:` then `hint:` for each problem, to stderr; else one object to stdout. Sets the exit status. */
export async function writeError(
  thrown: unknown,
  /** How problems are printed as JSON; null: as text. */
  printed: ((problems: readonly Problem[]) => Promise<readonly object[]>) | null,
): Promise<void> {
  const error = asOneRoofError(thrown);
  process.exitCode = error.exitStatus;
  if (printed !== null) {
    writeJson({ schema: 'oneroof/error/1', exit: error.exitStatus, problems: await printed(error.problems) });
    return;
  }
  for (const problem of error.problems) process.stderr.write(problemLines(problem));
  if ((process.env['ONEROOF_DEBUG'] ?? '') !== '' && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
}

function writeJson(value: object): void {
  process.stdout.write(`${visibleJson(value)}\n`);
}

/** One problem for people: the error with its place, the excerpt with a caret, the hint. */
function problemLines(problem: Problem): string {
  const { place, excerpt } = problem;
  const at = place === undefined ? '' : [place.file, place.line, place.column].filter((part) => part !== undefined);
  const where = at === '' ? '' : `${printable(at.join(':'))}: `;
  // not broken into lines: a command must be copied unchanged
  const lines = [`${picked.red('error:')} ${where}${printable(problem.problem)} ${picked.dim(`[${problem.code}]`)}`];
  if (excerpt !== undefined && place?.line !== undefined)
    lines.push(...caret({ excerpt, line: place.line, column: place.column ?? 1 }, lookOf('stderr')));
  lines.push(...(problem.detail ?? []).map((line) => `  ${printable(line)}`));
  lines.push(`${picked.cyan('hint:')} ${printable(problem.fix)}`, '');
  return lines.join('\n');
}

/** The part of a line around the column, so that a long line does not push the caret off the screen. */
function caret(
  at: { readonly excerpt: string; readonly line: number; readonly column: number },
  { columns }: TextLayout,
): readonly string[] {
  const characters = [...at.excerpt];
  const margin = `${at.line} | `;
  const room = Math.min(columns - margin.length - 2, 100);
  const start = Math.max(0, at.column - 1 - Math.floor(room * 0.6));
  const before = printable(characters.slice(start, at.column - 1).join(''));
  const after = printable(characters.slice(at.column - 1).join(''));
  return [
    `  ${picked.dim(margin)}${before}${cut(after, Math.max(room - widthOf(before), 1))}`,
    `  ${' '.repeat(margin.length + widthOf(before))}${picked.red('^')}`,
  ];
}

function asOneRoofError(thrown: unknown): OneRoofError {
  if (thrown instanceof OneRoofError) return thrown;
  const code: ErrorCode = 'INTERNAL';
  return new OneRoofError(code, {
    ...(thrown instanceof Error
      ? stated`${{ name: thrown.name }}: ${{ said: thrown.message }}`
      : stated`${{ said: String(thrown) }}`),
    fix: 'this is a defect of One Roof: please report it, with what ONEROOF_DEBUG=1 prints',
    cause: thrown,
  });
}
