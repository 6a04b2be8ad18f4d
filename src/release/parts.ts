/** A node of PostgreSQL's parse tree, as JSON. */
export type Node = { readonly [key: string]: unknown };

/** The function of libpg-query that parses. */
interface ParsesSql {
  parseSync(sql: string): unknown;
}

/** One statement as the parser tells it; places in bytes. */
export interface RawStatement {
  readonly stmt: Node;
  readonly stmt_location?: number;
  /** Absent where no semicolon ends it. */
  readonly stmt_len?: number;
}

/** A part of a file that was parsed by itself. */
export interface ParsedPart {
  /** Where it begins, in characters. */
  readonly from: number;
  readonly text: string;
  readonly statements: readonly RawStatement[];
}

/** What the parser refuses, and where: in characters of the whole file. */
export class Unparsed extends Error {
  readonly offset: number;
  readonly details: SqlDetails | undefined;
  constructor(cause: unknown, part: { readonly from: number; readonly text: string }) {
    super((cause as Error).message, { cause });
    this.details = (cause as { sqlDetails?: SqlDetails }).sqlDetails;
    this.offset = part.from + lengthOf(part.text, Math.max(this.details?.cursorPosition ?? 0, 0));
  }
}

interface SqlDetails {
  readonly message: string;
  /** In characters as PostgreSQL counts them. */
  readonly cursorPosition: number;
}

/** How many UTF-16 units so many characters take. */
function lengthOf(text: string, characters: number): number {
  let units = 0;
  for (let left = characters; left > 0 && units < text.length; left -= 1)
    units += (text.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  return units;
}

/** Characters of a file that are parsed at once: a parse tree takes some thirty times as much memory as its text. */
const partSize = 128 * 1024;

/**
 * Parses a file in parts, so that a large one takes no more memory than one part. A part that the parser takes whole and whose last statement
 * has its semicolon ends between two statements, whatever its text holds: scanner and grammar are where they were at its begin. Any other one
 * is parsed again with more of the file, at last to the file's end.
 */
export function* partsOf(module: ParsesSql, text: string): Generator<ParsedPart> {
  for (let [from, size] = [0, partSize]; from < text.length; ) {
    const cut = text.indexOf(';\n', from + size);
    const end = cut === -1 ? text.length : cut + 2;
    const part = { from, text: text.slice(from, end) };
    const statements = parsePart(module, part, end === text.length);
    if (statements === null) size *= 2;
    else {
      yield { ...part, statements };
      [from, size] = [end, partSize];
    }
  }
}

/** The statements of a part; null where it may end within one. */
function parsePart(
  module: ParsesSql,
  part: Pick<ParsedPart, 'from' | 'text'>,
  isLast: boolean,
): readonly RawStatement[] | null {
  if (part.text.trim() === '') return [];
  try {
    const { stmts = [] } = module.parseSync(part.text) as { readonly stmts?: readonly RawStatement[] };
    const last = stmts.at(-1);
    return isLast || last === undefined || last.stmt_len !== undefined ? stmts : null;
  } catch (error) {
    if (isLast) throw new Unparsed(error, part);
    return null;
  }
}
