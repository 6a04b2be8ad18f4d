import wrapAnsi from 'wrap-ansi';
import { widthOf } from './width.ts';

/**
 * Breaks a text at its spaces into lines of at most so many columns. A word that is longer is broken where a line is full: a terminal
 * would do the same, without the indent.
 *
 * Shape   at least one line; `Infinity` columns give the text as it is.
 */
export function wrap(text: string, columns: number): readonly string[] {
  const most = Math.max(columns, 1);
  return widthOf(text) <= most ? [text] : wrapAnsi(text, most, { hard: true }).split('\n');
}

/** Wraps a text, with every line behind the same indent. */
export function indented(text: string, at: { readonly indent: number; readonly columns: number }): readonly string[] {
  return wrap(text, at.columns - at.indent).map((line) => ' '.repeat(at.indent) + line);
}
