import { type Parser } from '../release/index.ts';

/** A statement that a server ran to its end, with its parameters as literals. */
export interface LoggedStatement {
  readonly sql: string;
  /** Run between BEGIN and COMMIT. */
  readonly inTransaction: boolean;
}

/** How our own sessions are named on the server that a tool is recorded on. */
export const recordName = 'recording by One Roof';

interface LogRow {
  readonly pid?: number;
  readonly message?: string;
  readonly detail?: string;
  readonly error_severity?: string;
  readonly application_name?: string;
}

/** The line of the log from which on it counts: its own, or that of its COMMIT. */
interface Placed extends LoggedStatement {
  readonly at: number;
}

/** The session that one line of the log belongs to, with what it has not committed yet. */
interface Transaction {
  readonly statements: Placed[];
  /** Names of savepoints, with the number of statements before each. */
  readonly savepoints: { readonly name: string; readonly at: number }[];
}

/**
 * Reads what a server ran from its log in JSON, written with `log_statement = all`. A statement that failed is not in it, nor what a transaction
 * that was rolled back had done: a program that goes on after an error has changed nothing by it.
 *
 * Shape   in the order of their COMMIT, and of the log outside of transactions.
 * Source  PostgreSQL manual, "Error Reporting and Logging", log_destination jsonlog, log_statement, log_parameter_max_length.
 */
export function loggedStatements(log: string, parser: Parser): readonly LoggedStatement[] {
  const done: Placed[] = [];
  const open = new Map<number, Transaction>();
  const last = new Map<number, Placed | null>();
  /** It did not fail: its session went on, or ended. */
  const settle = (pid: number): void => {
    const statement = last.get(pid) ?? null;
    last.set(pid, null);
    if (statement === null) return;
    const kind = kindOf(parser, statement.sql);
    const transaction = open.get(pid);
    if (kind.transaction !== null) endOrBegin(kind, { pid, at: statement.at, transaction, open, done });
    else if (transaction === undefined) done.push(statement);
    else transaction.statements.push(statement);
  };
  for (const [at, line] of log.split('\n').entries()) {
    if (line.trim() === '') continue;
    const row = JSON.parse(line) as LogRow;
    // our own sessions
    if (row.application_name === recordName) continue;
    const pid = row.pid ?? 0;
    if (['ERROR', 'FATAL', 'PANIC'].includes(row.error_severity ?? '')) {
      last.set(pid, null);
      continue;
    }
    const text = textOf(row);
    if (text === undefined) continue;
    settle(pid);
    for (const sql of splitTogether(parser, withParameters(parser, text, row.detail ?? ''))) {
      settle(pid);
      last.set(pid, { at, sql, inTransaction: open.has(pid) });
    }
  }
  for (const pid of last.keys()) settle(pid);
  return done.toSorted((one, other) => one.at - other.at).map(({ sql, inTransaction }) => ({ sql, inTransaction }));
}

interface Kind {
  /** What it does to a transaction: `BEGIN`, `COMMIT`, `ROLLBACK`, `SAVEPOINT`, …; null: it is another statement. */
  readonly transaction: string | null;
  readonly savepoint: string;
}

function kindOf(parser: Parser, sql: string): Kind {
  const tree = parser.tryParse(sql)?.[0]?.tree['TransactionStmt'] as
    | { readonly kind?: string; readonly savepoint_name?: string }
    | undefined;
  return {
    transaction: tree === undefined ? null : (tree.kind ?? '').replace('TRANS_STMT_', ''),
    savepoint: tree?.savepoint_name ?? '',
  };
}

function endOrBegin(
  { transaction: kind, savepoint }: Kind,
  of: {
    readonly pid: number;
    readonly at: number;
    readonly transaction: Transaction | undefined;
    readonly open: Map<number, Transaction>;
    readonly done: Placed[];
  },
): void {
  const { pid, at: end, transaction, open, done } = of;
  if (kind === 'BEGIN' || kind === 'START') {
    if (transaction === undefined) open.set(pid, { statements: [], savepoints: [] });
    return;
  }
  if (transaction === undefined) return;
  if (kind === 'COMMIT') done.push(...transaction.statements.map((one) => ({ ...one, at: end, inTransaction: true })));
  if (kind === 'COMMIT' || kind === 'ROLLBACK') open.delete(pid);
  if (kind === 'SAVEPOINT') transaction.savepoints.push({ name: savepoint, at: transaction.statements.length });
  if (kind !== 'ROLLBACK_TO') return;
  const at = transaction.savepoints.findLastIndex(({ name }) => name === savepoint);
  const found = transaction.savepoints[at];
  if (found === undefined) return;
  transaction.statements.length = found.at;
  transaction.savepoints.length = at + 1;
}

/** Every text that others than us sent, whatever came of it. */
export function sentTexts(log: string): readonly string[] {
  return log.split('\n').flatMap((line) => {
    if (line.trim() === '') return [];
    const row = JSON.parse(line) as LogRow;
    const text = row.application_name === recordName ? undefined : textOf(row);
    return text === undefined ? [] : [text];
  });
}

const textOf = ({ message = '' }: LogRow): string | undefined =>
  /^(?:statement|execute [^:]*|execute fetch from [^:]*): ([\s\S]*)$/.exec(message)?.[1];

/** Statements of one message, each by itself; a text that cannot be parsed stays whole. */
function splitTogether(parser: Parser, text: string): readonly string[] {
  const statements = parser.tryParse(text);
  return statements === null ? [text] : statements.map(({ step }) => step.sql);
}

/** Puts the values of `Parameters: $1 = 'a', $2 = NULL` where `$1` and `$2` stand. */
function withParameters(parser: Parser, text: string, detail: string): string {
  const [, list] = /^parameters: ([\s\S]*)$/i.exec(detail) ?? [];
  if (list === undefined) return text;
  const values = new Map<string, string>();
  for (const [, name = '', value = ''] of list.matchAll(/(\$\d+) = (NULL|'(?:[^']|'')*')/g))
    values.set(name, literalOf(value));
  return parser
    .pieces(text)
    .map((piece) => (piece.kind === 'plain' ? (values.get(piece.text) ?? piece.text) : piece.text))
    .join('');
}

/** A backslash is one, whatever the session has set. */
const literalOf = (value: string): string => (value.includes('\\') ? `E${value.replaceAll('\\', '\\\\')}` : value);
