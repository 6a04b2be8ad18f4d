import { type ImportedTool } from './tool-rows.ts';

type Side = 'up' | 'down';

/** Lines that begin a direction, for the tools that keep both in one file. */
const begins: Partial<Readonly<Record<ImportedTool, Readonly<Record<Side, RegExp>>>>> = {
  dbmate: { up: /^--\s*migrate:up(?:\s.*)?$/, down: /^--\s*migrate:down(?:\s.*)?$/ },
  goose: { up: /^--\s*\+goose\s+up\s*$/i, down: /^--\s*\+goose\s+down\s*$/i },
  'node-pg-migrate': { up: /^\s*--[\s-]*up\s+migration/i, down: /^\s*--[\s-]*down\s+migration/i },
};

/**
 * One direction of a file of migrations, as its tool runs it. It is written apart from the readers of `import`, which have to agree with it.
 *
 * Shape   the lines before it are empty, so that each line has its number in the file; null: the file has no such direction.
 */
export function migrationPart(tool: ImportedTool, content: string, side: Side): string | null {
  const marks = begins[tool];
  if (marks === undefined) return side === 'up' ? content : null;
  const lines = content.split('\n');
  const at = {
    up: lines.findIndex((line) => marks.up.test(line)),
    down: lines.findIndex((line) => marks.down.test(line)),
  };
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

/** What is between StatementBegin and StatementEnd is one statement, with a semicolon or without. */
const withoutBlocks = (line: string): string => line.replace(/^--\s*\+goose\s+statementend\s*$/i, ';');
