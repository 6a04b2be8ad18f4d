import { type Script } from '../import/index.ts';
import { type Parser } from '../release/index.ts';

/** One message to the server: a statement, or a whole script that our parser does not take. */
export interface Sent {
  readonly sql: string;
  /** The line of the file in which it begins. */
  readonly line: number;
  /** The node type of the statement; `Unparsed` of a whole script. */
  readonly kind: string;
  readonly tree: Readonly<Record<string, unknown>>;
  /** PostgreSQL runs it inside a transaction block. */
  readonly transactional: boolean;
}

/**
 * What a script consists of. A text that our parser does not take goes to the server whole, by one message: the server's own parser, which may
 * be of another version, decides.
 */
export function sentOf(parser: Parser, script: Script): readonly Sent[] {
  const { statements, problems } = parser.parse(script.file, script.text);
  if (problems.length > 0)
    return [{ sql: script.text, line: script.line, kind: unparsed, tree: {}, transactional: true }];
  return statements.map(({ step, tree }) => ({
    sql: step.sql,
    line: script.line + (step.place.line ?? 1) - 1,
    kind: step.kind,
    tree,
    transactional: step.transactional,
  }));
}

/** The kind of a whole script that our parser does not take. */
export const unparsed = 'Unparsed';

/** What a statement does to the transaction around it; null: nothing. */
export function controlOf({ kind, tree }: Sent): 'begins' | 'ends' | null {
  if (kind !== 'TransactionStmt') return null;
  const { kind: which = '' } = tree['TransactionStmt'] as { readonly kind?: string };
  if (which === 'TRANS_STMT_BEGIN' || which === 'TRANS_STMT_START') return 'begins';
  return /^TRANS_STMT_(COMMIT|ROLLBACK|PREPARE)$/.test(which) ? 'ends' : null;
}

/** Whether a statement must be the first of its transaction. */
export function isFirst({ kind, tree }: Sent): boolean {
  return kind === 'VariableSetStmt' && JSON.stringify(tree).includes('"TRANSACTION');
}

/** Whether a script does nothing: it is empty, a comment, or a SELECT of constants. */
export function doesNothing(script: readonly Sent[]): boolean {
  return script.every(({ kind, tree }) => {
    if (kind !== 'SelectStmt') return false;
    const { targetList = [], ...rest } = tree['SelectStmt'] as { readonly targetList?: readonly object[] };
    const isConstant = targetList.every((one) => {
      const { val } = (one as { readonly ResTarget?: { readonly val?: object } }).ResTarget ?? {};
      return val !== undefined && 'A_Const' in val;
    });
    return isConstant && !('fromClause' in rest);
  });
}

/** The line of a file that a character of a statement is in; both from 1. */
export function fileLineOf({ sql, line }: Pick<Sent, 'sql' | 'line'>, position: number | null): number {
  if (position === null) return line;
  const before = [...sql].slice(0, position - 1);
  return line + before.filter((character) => character === '\n').length;
}

/** A statement in one line, cut. */
export function briefly(sql: string): string {
  const line = sql.replaceAll(/\s+/g, ' ').trim();
  return line.length <= mostCharacters ? line : `${line.slice(0, mostCharacters - 1)}…`;
}

const mostCharacters = 160;
