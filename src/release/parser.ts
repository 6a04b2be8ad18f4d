import { digest, type Place, type Problem, stated } from '../core/index.ts';
import { type Node, type ParsedPart, partsOf, type RawStatement, Unparsed } from './parts.ts';
import { type Step } from './release.ts';
import { piecesOf, type ScannedToken, type SqlPiece } from './scan.ts';
import { type TextProblem, type ParseAnswer, readUnparsed } from './unparsed.ts';
import { kindOfSql, runsInTransaction, titleOf } from './statement-kinds.ts';

export { type Node } from './parts.ts';

/** One statement: the step that it becomes, and its parse tree `{SelectStmt: {…}}`. */
export interface Statement {
  readonly step: Step;
  readonly tree: Node;
  /** The line of the file in which it begins. */
  readonly excerpt: string;
}

/** What a file of SQL holds: its statements, and what keeps it from being read. With problems the statements are what is left beside them. */
export interface ParsedSql {
  readonly statements: readonly Statement[];
  readonly problems: readonly Problem[];
}

/** PostgreSQL's parser, loaded. */
export interface Parser {
  /** Splits and parses a file of SQL. Errors come as problems: SQL_SYNTAX, SQL_META_COMMAND, SQL_COPY_INLINE, SQL_NOT_ANALYSED. */
  parse(file: string, text: string): ParsedSql;
  /** The statements of a text that may be none; null where it is not SQL. */
  tryParse(text: string): readonly Statement[] | null;
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
    tryParse: (text) => {
      const { parsed } = answerOf(module, text);
      return parsed === null ? null : [...statementsOf({ from: 0, text, statements: parsed }, sourceOf('', text))];
    },
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
  const source = sourceOf(file, text);
  const { all, found } = readFile(module, source, text);
  const problemAt = ({ code, offset, problem, facts, fix }: TextProblem): Problem => {
    const place = source.at(offset);
    return { code, problem, facts, fix, place, excerpt: source.lineAt(place.line) };
  };
  const inline = all.filter(({ tree }) => isCopyInline(tree));
  const problems = [
    ...found.map(problemAt),
    ...inline.map(({ step: { place }, excerpt }) => ({
      code: 'SQL_COPY_INLINE' as const,
      ...stated`COPY … FROM STDIN needs a client that sends the data`,
      fix: 'write the rows as INSERT … VALUES',
      place,
      excerpt,
    })),
  ].toSorted((one, other) => (one.place?.line ?? 0) - (other.place?.line ?? 0));
  return { statements: all.filter((one) => !inline.includes(one)), problems };
}

/** The statements of a file, in parts where the parser takes it; else of what is left beside what it refuses. */
function readFile(
  module: ParserModule,
  source: Source,
  text: string,
): { readonly all: readonly Statement[]; readonly found: readonly TextProblem[] } {
  try {
    const all: Statement[] = [];
    for (const part of partsOf(module, text)) for (const one of statementsOf(part, source)) all.push(one);
    return { all, found: [] };
  } catch (error) {
    if (!(error instanceof Unparsed)) throw error;
    const whole = answerOf(module, text);
    const refused = whole.parsed === null ? whole : { parsed: null, message: error.message, position: null };
    const read = readUnparsed(text, refused, (part) => answerOf(module, part));
    return {
      all: [...statementsOf({ from: 0, text: read.sql, statements: read.statements }, source)],
      found: read.found,
    };
  }
}

/** A file, by whose lines places are told. */
interface Source {
  /** The place of an offset, quickest for offsets that ascend. */
  at(offset: number): Required<Place>;
  lineAt(line: number): string;
}

function sourceOf(file: string, text: string): Source {
  const first = { offset: 0, line: 1, column: 1, end: text.indexOf('\n') };
  let last = first;
  let lines: readonly string[] | null = null;
  return {
    at: (offset) => {
      let { offset: from, line, column, end } = offset < last.offset ? first : last;
      for (; end !== -1 && end < offset; end = text.indexOf('\n', from)) [from, line, column] = [end + 1, line + 1, 1];
      // a character beyond the basic plane is one column
      for (const _ of text.slice(from, offset)) column += 1;
      last = { offset, line, column, end };
      return { file, line, column };
    },
    lineAt: (line) => (lines ??= text.split('\n'))[line - 1] ?? '',
  };
}

function* statementsOf({ from, text, statements }: ParsedPart, source: Source): Generator<Statement> {
  const bytes = Buffer.from(text, 'utf8');
  let [characters, counted] = [0, 0];
  for (const { stmt, stmt_location: location = 0, stmt_len: length } of statements) {
    const raw = bytes.subarray(location, length === undefined ? undefined : location + length).toString('utf8');
    const skipped = leadingBlank(raw);
    const sql = raw.slice(skipped).replace(trailingBlank, '');
    characters += bytes.subarray(counted, location).toString('utf8').length;
    counted = location;
    const place = source.at(from + characters + skipped);
    const step: Step = {
      sql,
      digest: digest('step', [sql]),
      kind: kindOfSql(stmt),
      title: titleOf(stmt),
      place,
      transactional: runsInTransaction(stmt),
    };
    yield { step, tree: withoutRows(stmt), excerpt: source.lineAt(place.line) };
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

function answerOf(module: ParserModule, text: string): ParseAnswer<RawStatement> {
  try {
    return { parsed: (module.parseSync(text) as { stmts?: readonly RawStatement[] }).stmts ?? [] };
  } catch (error) {
    const details = (error as { sqlDetails?: { message: string; cursorPosition: number } }).sqlDetails;
    if (details === undefined || details.cursorPosition < 0 || details.message.startsWith('memory exhausted'))
      return { parsed: null, message: (error as Error).message, position: null };
    return { parsed: null, message: details.message, position: details.cursorPosition };
  }
}

function isCopyInline(tree: Node): boolean {
  const copy = tree['CopyStmt'] as Node | undefined;
  return copy?.['is_from'] === true && copy['filename'] === undefined && copy['is_program'] !== true;
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
