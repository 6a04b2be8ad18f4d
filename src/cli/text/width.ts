/** What stands in two columns of a terminal. Source: Unicode, "East Asian Width" W and F, and emoji that are shown as pictures. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** What stands on the character before it. */
const none = /\p{M}/u;
/** Our own colours; the texts of others went through `printable` and hold none. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a colour begins with this character
// oxlint-disable-next-line no-control-regex
const colour = /\u001b\[[0-9;]*m/g;

/** The columns that a text takes on a terminal; colours take none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text.replace(colour, '')) width += columnsOf(character);
  return width;
}

/** Shortens a text without colours to so many columns, with an ellipsis where something was left out. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let [kept, width] = ['', 0];
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return columns < 1 ? '' : `${kept}…`;
}

/** Fills a text with spaces to so many columns, behind it, or before it for a number. */
export function pad(text: string, to: { readonly columns: number; readonly side: 'left' | 'right' }): string {
  const space = ' '.repeat(Math.max(0, to.columns - widthOf(text)));
  return to.side === 'left' ? text + space : space + text;
}

function columnsOf(character: string): number {
  if (none.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
