import { type ImportedTool } from './tool-rows.ts';

type Side = 'up' | 'down';

/** Lines that begin a direction, for the tools that keep both in one file. White space is what each tool has for it. */
const begins: Partial<Readonly<Record<ImportedTool, Readonly<Record<Side, RegExp>>>>> = {
  dbmate: {
    up: /^--[\t\f\r ]*migrate:up(?:[\t\f\r ]|$)/,
    down: /^--[\t\f\r ]*migrate:down(?:[\t\f\r ]*|[\t\f\r ]+[^\t\f\r ]+)$/,
  },
  goose: {
    up: /^--[\s\u0085]*\+goose[\s\u0085]+up[\s\u0085]*$/i,
    down: /^--[\s\u0085]*\+goose[\s\u0085]+down[\s\u0085]*$/i,
  },
  'node-pg-migrate': { up: /^\s*--[\s-]*up\s+migration/i, down: /^\s*--[\s-]*down\s+migration/i },
};

/** What else goose takes as its own; it refuses a file with another line of `+goose`. Source: goose, internal/sqlparser/parser.go. */
const gooseLine =
  /^--[\s\u0085]*\+goose[\s\u0085]+(?:up|down|statementbegin|statementend|no[\s\u0085]+transaction|envsub(?:st)?[\s\u0085]+o(?:n|ff))[\s\u0085]*$/i;

/**
 * One direction of a file of migrations, as its tool runs it. It is written apart from the readers of `import`, which have to agree with it.
 *
 * Shape   the lines before it are empty, so that each line has its number in the file; null: the file has no such direction, or the tool refuses it.
 */
export function migrationPart(tool: ImportedTool, content: string, side: Side): string | null {
  const marks = begins[tool];
  if (marks === undefined) return side === 'up' ? content : null;
  const lines = content.split('\n');
  const at = {
    up: lines.findIndex((line) => marks.up.test(line)),
    down: lines.findIndex((line) => marks.down.test(line)),
  };
  if (isRefused(tool, lines, at)) return null;
  // node-pg-migrate runs the whole of a file that does not say where its up begins
  if (side === 'up' && at.up < 0) return tool === 'node-pg-migrate' ? content : null;
  if (at[side] < 0) return null;
  const other = at[side === 'up' ? 'down' : 'up'];
  const end = other > at[side] ? other : lines.length;
  return lines
    .slice(0, end)
    .map((line, index) => (index < at[side] ? '' : tool === 'goose' ? withoutBlocks(line) : line))
    .join('\n');
}

/** dbmate and goose take both directions in their order alone, and nothing but comments before them. */
function isRefused(tool: ImportedTool, lines: readonly string[], at: Readonly<Record<Side, number>>): boolean {
  if (tool === 'node-pg-migrate') return false;
  if (tool === 'goose' && lines.some((line) => /^--.*\+goose/i.test(line) && !gooseLine.test(line))) return true;
  const isOrdered = at.up >= 0 && (at.down < 0 ? tool === 'goose' : at.up < at.down);
  return !isOrdered || lines.slice(0, at.up).some((line) => !/^[\t\f\r ]*(?:--|$)/.test(line));
}

/** What is between StatementBegin and StatementEnd is one statement, with a semicolon or without. */
const withoutBlocks = (line: string): string =>
  line.replace(/^--[\s\u0085]*\+goose[\s\u0085]+statementend[\s\u0085]*$/i, ';');

/** The text by which a tool is told to fill in values from elsewhere; null: there is none. */
export function placeholderIn(tool: ImportedTool, content: string): string | null {
  if (tool === 'flyway') return content.includes('${') ? '${' : null;
  return tool === 'goose'
    ? (/^--[\s\u0085]*\+goose[\s\u0085]+envsub(?:st)?[\s\u0085]+on[\s\u0085]*$/im.exec(content)?.[0] ?? null)
    : null;
}

/** Marks by which a file of a tool says that its up runs without a transaction. dbmate: in the line that begins the up, because a down has its own. */
const withoutTransaction: Partial<Readonly<Record<ImportedTool, RegExp>>> = {
  goose: /^--[\s\u0085]*\+goose[\s\u0085]+no[\s\u0085]+transaction[\s\u0085]*$/im,
  dbmate: /[\t\f\r ]transaction:false(?:[\t\f\r ]|$)/,
  sqlx: /^-- no-transaction/,
  'graphile-migrate': /\n\n--!\s*no-transaction\b/,
};
/** Tools that run every file in a transaction. */
const alwaysInTransaction: ReadonlySet<ImportedTool> = new Set(['drizzle', 'node-pg-migrate']);

/** Whether the tool runs the up of a file in a transaction, as far as the file says so: of the others another file, or their way to send it, does. */
export function saysTransaction(tool: ImportedTool, content: string): boolean {
  const said = tool === 'dbmate' ? (content.split('\n').find((line) => begins.dbmate?.up.test(line)) ?? '') : content;
  return alwaysInTransaction.has(tool) || withoutTransaction[tool]?.test(said) === false;
}
