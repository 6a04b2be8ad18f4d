import { type TextLayout, painted } from './layout.ts';
import { pad, widthOf } from './width.ts';
import { indented, wrap } from './wrap.ts';

/** Columns stand so far apart. */
const gap = 2;
/** If less width remains for the last column, it goes to separate lines. */
const leastLast = 24;

/** How the columns of a table are set. */
export interface Columns {
  /** Columns that hold numbers, from 0: they are set to the right. */
  readonly numbers?: readonly number[];
  /** Of the first column, at least: tables below each other then stand alike. */
  readonly width?: number;
  /** The first row names the columns. */
  readonly head?: true;
  /** Spaces before every line. */
  readonly indent?: number;
}

/**
 * Sets rows in columns. The first column is painted by what its word means; the last one is wrapped, and goes below where the terminal
 * is narrow. A row may be shorter than others.
 *
 * Shape   cells without colours and line ends; no line ends in a space.
 */
export function textTable(
  rows: readonly (readonly string[])[],
  look: TextLayout,
  set: Columns = {},
): readonly string[] {
  const { numbers = [], indent = 0, width = 0 } = set;
  const last = Math.max(0, ...rows.map((row) => row.length)) - 1;
  const widths = Array.from({ length: Math.max(last, 0) }, (_, column) =>
    Math.max(column === 0 ? width : 0, ...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  const begin = indent + widths.reduce((sum, columns) => sum + columns + gap, 0);
  const isNarrow = look.columns - begin < leastLast;
  const lines = rows.map((row) => {
    const cells = widths.map((columns, column) => {
      const text = row[column] ?? '';
      const cell = pad(text, { columns, side: numbers.includes(column) ? 'right' : 'left' });
      return column === 0 ? cell.replace(text.trim(), (word) => painted(word, look.paint)) : cell;
    });
    const head = ' '.repeat(indent) + cells.join(' '.repeat(gap));
    const text = row[last] ?? '';
    const tail = last === 0 ? painted(text, look.paint) : text;
    if (text === '') return [head.trimEnd()];
    if (last === 0) return [' '.repeat(indent) + tail];
    if (isNarrow && widthOf(text) > look.columns - begin)
      return [head.trimEnd(), ...indented(text, { indent: indent + 4, columns: look.columns })];
    const [first = '', ...others] = wrap(text, look.columns - begin);
    return [`${head}${' '.repeat(gap)}${first}`, ...others.map((line) => ' '.repeat(begin) + line)];
  });
  return lines.flatMap((row, index) => (set.head && index === 0 ? row.map(look.paint.quiet) : row));
}
