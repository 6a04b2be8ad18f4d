import { widthOf } from './width.ts';

/**
 * Breaks a text at its spaces into lines of at most so many columns. A word that is longer is broken where a line is full: a terminal
 * would do the same, without the indent.
 *
 * Shape   at least one line; `Infinity` columns give the text as it is.
 */
export function wrap(text: string, columns: number): readonly string[] {
  const most = Math.max(columns, 1);
  if (widthOf(text) <= most) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (widthOf(joined) <= most) {
      line = joined;
      continue;
    }
    if (line.trim() !== '') lines.push(line.trimEnd());
    const pieces = broken(word, most);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? '';
  }
  return line.trim() === '' && lines.length > 0 ? lines : [...lines, line.trimEnd()];
}

/** Wraps a text, with every line behind the same indent. */
export function indented(text: string, at: { readonly indent: number; readonly columns: number }): readonly string[] {
  return wrap(text, at.columns - at.indent).map((line) => ' '.repeat(at.indent) + line);
}

function broken(word: string, columns: number): readonly string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of word) {
    if (widthOf(piece + character) > columns && piece !== '') {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
}
