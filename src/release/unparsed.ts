import { type Problem, truncate, stated, type Facts } from '../core/index.ts';
import { cutAsPsql, type PsqlCut, type PsqlPart } from './psql.ts';

/** What the parser says of a text: its statements, or where and why it stopped. */
export type ParseAnswer<Statement> = { readonly parsed: readonly Statement[] } | ParserRefusal;

/** Where and why the parser stopped. */
export interface ParserRefusal {
  readonly parsed: null;
  readonly message: string;
  /** In characters of the text; null: it does not say. */
  readonly position: number | null;
}

/** A problem at an offset of the text. */
export interface TextProblem {
  readonly code: Problem['code'];
  readonly offset: number;
  readonly problem: string;
  readonly facts: Facts;
  readonly fix: string;
}

/** How many problems of one file are looked for, and how many characters are parsed for it. */
const mostProblems = 20;
const mostParsed = 8 * 1024 * 1024;

/**
 * Reads a text that the parser refused again and again, each time without what was found: so all problems of the file are told at once. The
 * statements are those of the rest; none of them is ever run.
 */
export function readUnparsed<Statement>(
  text: string,
  refused: ParserRefusal,
  parse: (text: string) => ParseAnswer<Statement>,
): { readonly statements: readonly Statement[]; readonly sql: string; readonly found: readonly TextProblem[] } {
  const cut = cutAsPsql(text);
  const found: TextProblem[] = cut.parts.filter(({ kind }) => kind === 'command').map((part) => ofCommand(text, part));
  let { sql } = cut;
  for (let parsed = 0; found.length < mostProblems && parsed < mostParsed; parsed += sql.length) {
    const answer = parse(sql);
    if (answer.parsed !== null)
      return { statements: answer.parsed, sql, found: found.length > 0 ? found : [asRefused(text, refused)] };
    if (answer.position === null) {
      found.push(notAnalysed(answer.message));
      break;
    }
    const next = ofSyntax(
      { text, sql, cut },
      { message: answer.message, offset: offsetOf(sql, answer.position) },
      parse,
    );
    found.push(next.found);
    if (next.sql === sql) break;
    sql = next.sql;
  }
  return { statements: [], sql, found };
}

/** What the parser refused, and we did not: it decides. */
function asRefused(text: string, { message, position }: ParserRefusal): TextProblem {
  return position === null
    ? notAnalysed(message)
    : syntaxError(message, Math.min(offsetOf(text, position), text.trimEnd().length));
}

function syntaxError(message: string, offset: number): TextProblem {
  const fix = 'correct the SQL at this place; the grammar is that of PostgreSQL 18';
  return { code: 'SQL_SYNTAX', offset, ...stated`${{ said: truncate(message, 200) }}`, fix };
}

/** What cannot be analysed is refused: a tree that is too deep for the parser ends without a position. */
function notAnalysed(message: string): TextProblem {
  return {
    code: 'SQL_NOT_ANALYSED',
    offset: 0,
    ...stated`PostgreSQL's parser cannot read this file: ${{ said: message }}`,
    fix: 'split very long or deeply nested statements',
  };
}

function offsetOf(sql: string, characters: number): number {
  return [...sql].slice(0, characters).join('').length;
}

/** What to do instead of a command of psql. */
const instead: readonly (readonly [RegExp, string])[] = [
  [/^\\(un)?restrict\b/, 'remove it: pg_dump writes \\restrict and \\unrestrict for psql alone'],
  [/^\\copy\b/, 'write the rows as INSERT … VALUES'],
  [/^\\i(r|nclude.*)?\b/, 'write the statements of that file here: only sealed text may run'],
  [/^\\c(onnect)?\b/, 'remove it: release.yaml names the database'],
  [/^\\(set|gset|prompt)\b/, 'write the value itself: only sealed text may run'],
  [/^\\gexec\b/, 'write the generated statements, or a DO block with EXECUTE'],
  [/^\\(if|elif|else|endif)\b/, 'write a DO block with IF'],
  [/^\\\./, 'remove it: it ends the data of COPY … FROM STDIN'],
  [/^\\g/, 'end the statement with a semicolon'],
];

function ofCommand(text: string, { start, end }: PsqlPart): TextProblem {
  const command = text.slice(start, end);
  const name = /^\\\S*/.exec(command)?.[0] ?? '\\';
  return {
    code: 'SQL_META_COMMAND',
    offset: start,
    ...stated`${{ name: truncate(name, 40) }} is a command of psql, not SQL`,
    fix: instead.find(([pattern]) => pattern.test(command))?.[1] ?? 'remove it, or write it as SQL',
  };
}

/** Words that begin a statement. */
const beginning =
  /^(abort|alter|analyze|begin|call|checkpoint|close|cluster|comment|commit|copy|create|deallocate|declare|delete|discard|do|drop|end|execute|explain|fetch|grant|import|insert|listen|load|lock|merge|move|notify|prepare|reassign|refresh|reindex|release|reset|revoke|rollback|savepoint|security|select|set|show|start|table|truncate|unlisten|update|vacuum|values|with)\b/i;

/** One syntax error, and the text without what it is about. */
function ofSyntax<Statement>(
  of: { readonly text: string; readonly sql: string; readonly cut: PsqlCut },
  at: { readonly message: string; readonly offset: number },
  parse: (text: string) => ParseAnswer<Statement>,
): { readonly found: TextProblem; readonly sql: string } {
  const { text, sql, cut } = of;
  const offset = Math.min(at.offset, sql.trimEnd().length);
  const variable = [offset, offset - 1].find((place) => isVariable(sql, place));
  if (variable !== undefined)
    return {
      found: {
        code: 'SQL_META_COMMAND',
        offset: variable,
        ...stated`variables of psql (:name) are not SQL`,
        fix: 'write the value itself: only sealed text may run',
      },
      sql: replaced(sql, { start: variable, end: variable + 1 }, ' '),
    };
  const span = cut.statements.findLast(({ start }) => start <= offset) ?? { start: 0, end: sql.length };
  const open = withoutSemicolon(sql, { span, offset }, parse);
  if (open !== null) {
    const line = (place: number): number => text.slice(0, place).split('\n').length;
    return {
      found: {
        code: 'SQL_SYNTAX',
        offset: open.end,
        ...stated`the statement that begins in line ${{ line: line(open.start) }} has no semicolon before line ${{ nextLine: line(open.next) }} (${{ said: truncate(at.message, 200) }})`,
        fix: 'write a semicolon here',
      },
      sql: replaced(sql, { start: open.end, end: open.end + 1 }, ';'),
    };
  }
  return {
    found: syntaxError(at.message, offset),
    sql: replaced(sql, { start: span.start, end: Math.max(span.end, offset) }, null),
  };
}

function isVariable(sql: string, at: number): boolean {
  return sql[at] === ':' && sql[at - 1] !== ':' && /^:(?:[A-Za-z_]|['"{])/.test(sql.slice(at, at + 2));
}

/** The text with a part of it replaced at the same length: by blanks, or its first character by another one. */
function replaced(sql: string, { start, end }: { start: number; end: number }, by: string | null): string {
  const middle = by === null ? sql.slice(start, end).replace(/[^\n]/g, ' ') : by;
  return sql.slice(0, start) + middle + sql.slice(by === null ? end : start + by.length);
}

/**
 * Where a statement lacks its semicolon: a line behind its beginning begins with a word that begins statements, and what is before that line is
 * a statement by itself. Null where no such line is found.
 */
function withoutSemicolon<Statement>(
  sql: string,
  of: { readonly span: { readonly start: number; readonly end: number }; readonly offset: number },
  parse: (text: string) => ParseAnswer<Statement>,
): { readonly start: number; readonly end: number; readonly next: number } | null {
  const { offset } = of;
  const { start, end } = startsAgain(sql, of.span, offset);
  for (let line = offset; line > start; line = sql.lastIndexOf('\n', line - 1)) {
    const from = sql.lastIndexOf('\n', line - 1) + 1;
    const next = from + (/^\s*/.exec(sql.slice(from, line + 1))?.[0].length ?? 0);
    if (next > start && next <= offset && beginning.test(sql.slice(next, next + 20))) {
      const before = sql.slice(start, next);
      const isWhole = before.trim() !== '' && parse(before).parsed !== null;
      if (isWhole && (next === offset || parse(sql.slice(next, end)).parsed !== null))
        return { start, end: start + before.trimEnd().length, next };
    }
    if (from === 0) break;
  }
  return null;
}

/** The statement that holds a place, where semicolons were put into its text already. */
function startsAgain(
  sql: string,
  span: { readonly start: number; readonly end: number },
  offset: number,
): { readonly start: number; readonly end: number } {
  const inside = cutAsPsql(sql.slice(span.start, span.end)).statements;
  const own = inside.findLast(({ start }) => span.start + start <= offset);
  return own === undefined ? span : { start: span.start + own.start, end: span.start + own.end };
}
