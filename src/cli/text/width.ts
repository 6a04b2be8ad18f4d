import stringWidth from 'string-width';

/** The columns that a text takes on a terminal; colours take none. */
export const widthOf: (text: string) => number = stringWidth;

/** Shortens a text without colours to so many columns, with an ellipsis where something was left out. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let [kept, width] = ['', 0];
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return columns < 1 ? '' : `${kept}…`;
}

/** Fills a text with spaces to so many columns, behind it, or before it for a number. */
export function pad(text: string, to: { readonly columns: number; readonly side: 'left' | 'right' }): string {
  const space = ' '.repeat(Math.max(0, to.columns - widthOf(text)));
  return to.side === 'left' ? text + space : space + text;
}
