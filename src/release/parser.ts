import { digest, type Problem } from '../core/index.ts';
import { type Step } from './release.ts';
import { piecesOf, type ScannedToken, type SqlPiece } from './scan.ts';
import { kindOf, runsInTransaction, titleOf } from './statement-kinds.ts';

/** A node of PostgreSQL's parse tree, as JSON. */
export type Node = { readonly [key: string]: unknown };

/** One statement: the step that it becomes, and its parse tree `{SelectStmt: {…}}`. */
export interface Statement {
  readonly step: Step;
  readonly tree: Node;
}

/** What a file of SQL holds: its statements, or what keeps it from being read. */
export interface ParsedSql {
  readonly statements: readonly Statement[];
  readonly problems: readonly Problem[];
}

/** PostgreSQL's parser, loaded. */
export interface Parser {
  /** Splits and parses a file of SQL. Errors come as problems: SQL_SYNTAX, SQL_META_COMMAND, SQL_COPY_INLINE, SQL_NOT_ANALYSED. */
  parse(file: string, text: string): ParsedSql;
  /** The texts of statements and expressions inside a PL/pgSQL CREATE FUNCTION or DO statement; null where they cannot be read. */
  bodyTexts(sql: string): readonly string[] | null;
  /** The same text in pieces, for people to read in colours; one plain piece where it cannot be scanned. */
  pieces(sql: string): readonly SqlPiece[];
}

/** The functions of libpg-query that are used. */
export interface ParserModule {
  parseSync(sql: string): unknown;
  parsePlPgSQLSync(sql: string): unknown;
  scanSync(sql: string): { readonly tokens: readonly ScannedToken[] };
}

/** Makes a parser from the loaded module. */
export function createParser(module: ParserModule): Parser {
  return {
    parse: (file, text) => parseFile(module, { file, text }),
    bodyTexts: (sql) => {
      try {
        const found: string[] = [];
        const tree = module.parsePlPgSQLSync(sql);
        collectQueries(tree, found);
        for (const text of executedTexts(tree)) found.push(...constantOf(module, text));
        return found;
      } catch {
        // what the parser of PL/pgSQL cannot read is not analysed; the caller refuses it
        return null;
      }
    },
    pieces: (sql) => {
      try {
        return piecesOf(sql, module.scanSync(sql).tokens);
      } catch {
        return [{ kind: 'plain', text: sql }];
      }
    },
  };
}

function collectQueries(value: unknown, found: string[]): void {
  if (Array.isArray(value)) for (const item of value) collectQueries(item, found);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (key === 'query' && typeof member === 'string') found.push(member);
      else if (key === 'PLpgSQL_stmt_commit' || key === 'PLpgSQL_stmt_rollback')
        found.push(key === 'PLpgSQL_stmt_commit' ? 'COMMIT' : 'ROLLBACK');
      else collectQueries(member, found);
    }
  }
}

/** The expressions whose value PL/pgSQL runs as a statement: EXECUTE, FOR … IN EXECUTE, RETURN QUERY EXECUTE, OPEN … FOR EXECUTE. */
function executedTexts(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(executedTexts);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const { query, dynquery } = (member ?? {}) as { query?: unknown; dynquery?: unknown };
    const runs = key === 'PLpgSQL_stmt_dynexecute' || key === 'PLpgSQL_stmt_dynfors' ? query : dynquery;
    const text = (runs as { PLpgSQL_expr?: { query?: unknown } } | undefined)?.PLpgSQL_expr?.query;
    return [...(typeof text === 'string' ? [text] : []), ...executedTexts(member)];
  });
}

/** The string that an expression is, where it is a constant: what is put together at run time is left to the rehearsal. */
function constantOf(module: ParserModule, expression: string): readonly string[] {
  const { stmts } = module.parseSync(`SELECT ${expression}`) as {
    stmts?: readonly { stmt: { SelectStmt?: { targetList?: readonly { ResTarget?: { val?: Node } }[] } } }[];
  };
  const constant = stmts?.[0]?.stmt.SelectStmt?.targetList?.[0]?.ResTarget?.val?.['A_Const'];
  const text = (constant as { sval?: { sval?: string } } | undefined)?.sval?.sval;
  return text === undefined ? [] : [text];
}

/** White space as PostgreSQL's lexer has it: every other character belongs to a name. */
const trailingBlank = /[ \t\n\r\f\v]+$/;

function parseFile(module: ParserModule, { file, text }: { file: string; text: string }): ParsedSql {
  const lines = text.split('\n');
  const lineStarts: number[] = [];
  let start = 0;
  for (const line of lines) {
    lineStarts.push(start);
    start += line.length + 1;
  }
  const at = (offset: number): { file: string; line: number; column: number } => {
    let [low, high] = [0, lineStarts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: Array.from(text.slice(lineStarts[low], offset)).length + 1 };
  };
  const problem = (code: Problem['code'], said: { offset: number; problem: string; fix: string }): ParsedSql => {
    const place = at(said.offset);
    return {
      statements: [],
      problems: [{ code, problem: said.problem, fix: said.fix, place, excerpt: lines[place.line - 1] ?? '' }],
    };
  };
  const copyInline = (offset: number): ParsedSql =>
    problem('SQL_COPY_INLINE', {
      offset,
      problem: 'COPY … FROM STDIN needs a client that sends the data',
      fix: 'write the rows as INSERT … VALUES',
    });
  if (text.trim() === '') return { statements: [], problems: [] };
  let stmts: readonly { stmt: Node; stmt_location?: number; stmt_len?: number }[];
  try {
    stmts = (module.parseSync(text) as { stmts?: typeof stmts }).stmts ?? [];
  } catch (error) {
    const details = (error as { sqlDetails?: { message: string; cursorPosition: number } }).sqlDetails;
    // a tree that is too deep for the parser ends without a position: what cannot be analysed is refused
    if (details === undefined || details.cursorPosition < 0 || details.message.startsWith('memory exhausted')) {
      return problem('SQL_NOT_ANALYSED', {
        offset: 0,
        problem: `PostgreSQL's parser cannot read this file: ${(error as Error).message}`,
        fix: 'split very long or deeply nested statements',
      });
    }
    const offset = [...text].slice(0, details.cursorPosition).join('').length;
    if (/^\\\.$/m.test(text)) return copyInline(offset);
    if (text[offset] === '\\' || /^\s*\\/.test(lines[at(offset).line - 1] ?? '')) {
      return problem('SQL_META_COMMAND', {
        offset,
        problem: 'this is a command of psql, not SQL',
        fix: 'remove it, or write what it does as SQL',
      });
    }
    if (/^:[^:=]/.test(text.slice(offset, offset + 2)) || /[^:]:$/.test(text.slice(Math.max(offset - 2, 0), offset))) {
      return problem('SQL_META_COMMAND', {
        offset,
        problem: 'variables of psql (:name) are not SQL',
        fix: 'write the value itself: what is sealed must be what runs',
      });
    }
    return problem('SQL_SYNTAX', {
      offset,
      problem: details.message,
      fix: 'correct the SQL at this place; the grammar is that of PostgreSQL 18',
    });
  }
  const bytes = Buffer.from(text, 'utf8');
  const statements: Statement[] = [];
  let [characters, counted] = [0, 0];
  for (const { stmt, stmt_location: location = 0, stmt_len: length } of stmts) {
    const raw = bytes.subarray(location, length === undefined ? undefined : location + length).toString('utf8');
    const skipped = leadingBlank(raw);
    const sql = raw.slice(skipped).replace(trailingBlank, '');
    characters += bytes.subarray(counted, location).toString('utf8').length;
    counted = location;
    const offset = characters + skipped;
    const kind = kindOf(stmt);
    const step: Step = {
      sql,
      digest: digest('step', [sql]),
      kind,
      title: titleOf(stmt),
      place: at(offset),
      transactional: runsInTransaction(stmt),
    };
    if (
      kind === 'CopyStmt' &&
      (stmt['CopyStmt'] as Node)['is_from'] === true &&
      (stmt['CopyStmt'] as Node)['filename'] === undefined &&
      (stmt['CopyStmt'] as Node)['is_program'] !== true
    ) {
      return copyInline(offset);
    }
    statements.push({ step, tree: stmt });
  }
  return { statements, problems: [] };
}

/** The length of the white space and comments in front of a statement. Nested comments count as PostgreSQL counts them. */
function leadingBlank(text: string): number {
  let at = 0;
  for (;;) {
    const rest = text.slice(at);
    const blank = /^([ \t\n\r\f\v]+|--[^\n]*(\n|$))/.exec(rest);
    if (blank !== null) at += blank[0].length;
    else if (rest.startsWith('/*')) {
      let depth = 0;
      do {
        if (text.startsWith('/*', at)) [depth, at] = [depth + 1, at + 2];
        else if (text.startsWith('*/', at)) [depth, at] = [depth - 1, at + 2];
        else at += 1;
      } while (depth > 0 && at < text.length);
    } else return at;
  }
}
