import { digest, type Place, type Problem } from '../core/index.ts';
import { type Node, type ParsedPart, partsOf, Unparsed } from './parts.ts';
import { type Step } from './release.ts';
import { piecesOf, type ScannedToken, type SqlPiece } from './scan.ts';
import { kindOf, runsInTransaction, titleOf } from './statement-kinds.ts';

export { type Node } from './parts.ts';

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
  const at = placesIn(file, text);
  const statements: Statement[] = [];
  try {
    for (const part of partsOf(module, text)) {
      for (const statement of statementsOf(part, at)) {
        if (isCopyInline(statement.tree)) return copyInline(statement.step.place, text);
        statements.push(statement);
      }
    }
  } catch (error) {
    if (error instanceof Unparsed) return unparsed(error, { text, at });
    throw error;
  }
  return { statements, problems: [] };
}

/** Tells the place of an offset, quickest for offsets that ascend. */
type PlaceAt = (offset: number) => Required<Place>;

function placesIn(file: string, text: string): PlaceAt {
  const first = { offset: 0, line: 1, column: 1, end: text.indexOf('\n') };
  let last = first;
  return (offset) => {
    let { offset: from, line, column, end } = offset < last.offset ? first : last;
    for (; end !== -1 && end < offset; end = text.indexOf('\n', from)) [from, line, column] = [end + 1, line + 1, 1];
    // a character beyond the basic plane is one column
    for (const _ of text.slice(from, offset)) column += 1;
    last = { offset, line, column, end };
    return { file, line, column };
  };
}

function* statementsOf({ from, text, statements }: ParsedPart, at: PlaceAt): Generator<Statement> {
  const bytes = Buffer.from(text, 'utf8');
  let [characters, counted] = [0, 0];
  for (const { stmt, stmt_location: location = 0, stmt_len: length } of statements) {
    const raw = bytes.subarray(location, length === undefined ? undefined : location + length).toString('utf8');
    const skipped = leadingBlank(raw);
    const sql = raw.slice(skipped).replace(trailingBlank, '');
    characters += bytes.subarray(counted, location).toString('utf8').length;
    counted = location;
    const step: Step = {
      sql,
      digest: digest('step', [sql]),
      kind: kindOf(stmt),
      title: titleOf(stmt),
      place: at(from + characters + skipped),
      transactional: runsInTransaction(stmt),
    };
    yield { step, tree: withoutRows(stmt) };
  }
}

/** A tree without the rows of INSERT … VALUES that are constants alone: no rule asks for them, and they are most of a large file. */
function withoutRows(tree: Node): Node {
  const insert = tree['InsertStmt'] as Node | undefined;
  const select = (insert?.['selectStmt'] as Node | undefined)?.['SelectStmt'] as Node | undefined;
  const rows = select?.['valuesLists'] as
    | readonly { readonly List?: { readonly items?: readonly Node[] } }[]
    | undefined;
  if (rows === undefined) return tree;
  const valuesLists = rows.filter(({ List: row }) => row?.items?.every((item) => 'A_Const' in item) !== true);
  return { InsertStmt: { ...insert, selectStmt: { SelectStmt: { ...select, valuesLists } } } };
}

function isCopyInline(tree: Node): boolean {
  const copy = tree['CopyStmt'] as Node | undefined;
  return copy?.['is_from'] === true && copy['filename'] === undefined && copy['is_program'] !== true;
}

function refusedAt(
  place: Required<Place>,
  text: string,
  said: { readonly code: Problem['code']; readonly problem: string; readonly fix: string },
): ParsedSql {
  const excerpt = text.split('\n', place.line)[place.line - 1] ?? '';
  return { statements: [], problems: [{ ...said, place, excerpt }] };
}

function copyInline(place: Required<Place>, text: string): ParsedSql {
  return refusedAt(place, text, {
    code: 'SQL_COPY_INLINE',
    problem: 'COPY … FROM STDIN needs a client that sends the data',
    fix: 'write the rows as INSERT … VALUES',
  });
}

/** Says why a file could not be parsed, in the words of the mistake that was made. */
function unparsed({ details, message, offset }: Unparsed, of: { text: string; at: PlaceAt }): ParsedSql {
  const { text, at } = of;
  // a tree that is too deep for the parser ends without a position: what cannot be analysed is refused
  if (details === undefined || details.cursorPosition < 0 || details.message.startsWith('memory exhausted')) {
    return refusedAt(at(0), text, {
      code: 'SQL_NOT_ANALYSED',
      problem: `PostgreSQL's parser cannot read this file: ${message}`,
      fix: 'split very long or deeply nested statements',
    });
  }
  const place = at(offset);
  if (/^\\\.$/m.test(text)) return copyInline(place, text);
  const line = text.split('\n', place.line)[place.line - 1] ?? '';
  if (text[offset] === '\\' || /^\s*\\/.test(line)) {
    return refusedAt(place, text, {
      code: 'SQL_META_COMMAND',
      problem: 'this is a command of psql, not SQL',
      fix: 'remove it, or write what it does as SQL',
    });
  }
  if (/^:[^:=]/.test(text.slice(offset, offset + 2)) || /[^:]:$/.test(text.slice(Math.max(offset - 2, 0), offset))) {
    return refusedAt(place, text, {
      code: 'SQL_META_COMMAND',
      problem: 'variables of psql (:name) are not SQL',
      fix: 'write the value itself: what is sealed must be what runs',
    });
  }
  return refusedAt(place, text, {
    code: 'SQL_SYNTAX',
    problem: details.message,
    fix: 'correct the SQL at this place; the grammar is that of PostgreSQL 18',
  });
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
