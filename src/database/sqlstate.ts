import { type ErrorCode, OneRoofError, type Place, type Problem, printable, truncate } from '../core/index.ts';

/** The text that a server was given, and where it is in the author's files. */
export interface Located {
  readonly sql: string;
  readonly place: Place;
}

/** What a server says of an error; all of it is hostile text. */
interface ServerError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly position?: unknown;
  readonly detail?: unknown;
  readonly hint?: unknown;
  /** CONTEXT: the calls that led to the statement, innermost first, a line each. */
  readonly where?: unknown;
  /** The statement inside a function that failed. */
  readonly internalQuery?: unknown;
}

/** The SQLSTATE of an error of the server, the code of one of ours or of the driver's socket; empty where it has none. */
export function sqlStateOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}

/** Whether the server refused to read a table because row security would hide rows. By the routine: its words are in the server's language. */
export function isRowSecurity(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'routine' in error && error.routine === 'check_enable_rls';
}

/** What a SQLSTATE means to us, where it is more than a refused statement. */
const meanings: Readonly<Record<string, { readonly code: ErrorCode; readonly fix: string }>> = {
  '55P03': {
    code: 'LOCK_TIMEOUT',
    fix: 'run it again later, or find the session that holds the lock (pg_blocking_pids); settings.lockTimeout sets the limit',
  },
  '57014': {
    code: 'QUERY_TIMEOUT',
    fix: 'make the statement faster (an index, fewer rows); settings.statementTimeout in release.yaml sets the limit',
  },
  '42501': {
    code: 'SQL_FAILED',
    fix: 'as a superuser or the owner, grant the missing right to the role that runs the statement; or change the statement so that it does not need it',
  },
  '25P04': {
    code: 'QUERY_TIMEOUT',
    fix: 'transaction_timeout limits the whole transaction: the server, the database, a function, or the end of the ratification sets it. Raise it, or split the tier',
  },
  '53100': { code: 'DISK_FULL', fix: 'free space on the server, then run the same command again' },
  '57P01': { code: 'CONNECTION_LOST', fix: "see the server's log, then run the same command again" },
  '57P02': { code: 'CONNECTION_LOST', fix: "see the server's log, then run the same command again" },
};

/**
 * Turns what a server answered into a problem with a code of ours, at the place in the author's file that the server points to.
 *
 * Errors  none thrown; an error that is not a server's becomes SQL_FAILED, one of ours keeps its code.
 * Source  PostgreSQL manual, "PostgreSQL Error Codes" and "Error and Notice Message Fields": a position counts characters from 1.
 */
export function problemOf(error: unknown, step: Located): Problem {
  if (error instanceof OneRoofError) return { place: step.place, ...error.problems[0] };
  const said: ServerError = typeof error === 'object' && error !== null ? error : { message: String(error) };
  const state = sqlStateOf(said);
  const { code, fix } = meanings[state] ?? {
    code: state.startsWith('08') ? ('CONNECTION_LOST' as const) : ('SQL_FAILED' as const),
    fix: `correct the statement at ${where(step.place)}`,
  };
  const position = Number(said.position ?? 0);
  const { calls, lines } = contextOf(said);
  return {
    code,
    problem: `${text(said.message) || 'the server gave no reason'}${text(said.detail) === '' ? '' : ` (${text(said.detail)})`}${state === '' ? '' : ` [SQLSTATE ${printable(state)}]`}${calls}`,
    facts: { said: text(said.message), detail: text(said.detail), sqlstate: printable(state), hint: text(said.hint) },
    fix: text(said.hint) === '' ? fix : `${fix}; the server's hint: ${text(said.hint)}`,
    ...located(step, position > 0 ? position : 1),
    ...(lines.length === 0 ? {} : { detail: lines }),
  };
}

/** How much of the SQL inside of functions is shown. */
const mostSql = 300;
const mostCalls = 4;
/** A function of a procedural language and a line in it, in any language of the server's: `PL/pgSQL function f(integer) line 3 at PERFORM`. */
const call = /^\S.*\([^()]*\) \S+ \d+ /;

/** The functions in which a statement failed, for the line of the problem, and the SQL that they ran there. What calls it in the gate is ours. */
function contextOf({ where: context, internalQuery }: ServerError): {
  readonly calls: string;
  readonly lines: readonly string[];
} {
  const all = typeof context === 'string' ? context.split('\n').filter((line) => line.trim() !== '') : [];
  const gate = all.findIndex((line) => /\bgate\.\w+\(/.test(line));
  // before the gate's own function comes the statement that it was given, which is the one at the place
  const own = gate < 0 ? all : all.slice(0, Math.max(gate - 1, 0));
  const calls = own.filter((line) => call.test(line));
  const statements = [
    ...(typeof internalQuery === 'string' ? [`QUERY: ${internalQuery}`] : []),
    ...own.filter((line) => !call.test(line)).map((line) => `CONTEXT: ${line}`),
  ];
  const named = calls.slice(0, mostCalls).map((line) => truncate(printable(line), mostSql));
  return {
    calls: named.length === 0 ? '' : `; in ${named.join(', called from ')}${calls.length > mostCalls ? ' …' : ''}`,
    lines: statements.slice(0, mostCalls).map((line) => truncate(printable(line.replace(/\s+/g, ' ')), mostSql)),
  };
}

/** The place of a character in the author's text (from 1, in characters), and the line it is in. */
function located(step: Located, position: number): { readonly place: Place; readonly excerpt: string } {
  const before = [...step.sql].slice(0, position - 1).join('');
  const down = before.split('\n').length - 1;
  const start = down === 0 ? (step.place.column ?? 1) : 1;
  const line = step.sql.split('\n')[down]?.replace(/\r$/, '') ?? '';
  return {
    place: {
      file: step.place.file,
      line: (step.place.line ?? 1) + down,
      column: start + [...(before.split('\n').at(-1) ?? '')].length,
    },
    // the text before the statement on its first line is unknown here: blanks keep the caret in its column
    excerpt: printable(' '.repeat(start - 1) + line),
  };
}

function where(place: Place): string {
  return place.line === undefined ? place.file : `${place.file}:${place.line}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? printable(value) : '';
}
