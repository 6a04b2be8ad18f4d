/** Colours and weights, by what a terminal is told. */
const styles: Readonly<Record<string, string>> = {
  1: 'bold',
  2: 'dim',
  31: 'red',
  32: 'green',
  33: 'yellow',
  36: 'cyan',
};

/**
 * What a terminal shows at the end of all that was written to it, with colours as `<green>…</>`.
 *
 * Shape   knows what this command line writes: colours, a return, lines up, and erasing below. Anything else is an error, so that nothing
 *         unknown goes to people's terminals.
 */
export function screen(written: string): string {
  const rows: { char: string; style: string }[][] = [[]];
  let [row, column, style] = [0, 0, ''];
  const at = (index: number) => (rows[index] ??= []);
  const pattern = /\u001b\[([0-9;]*)([A-Za-z])|([\s\S])/gu;
  for (const [, value = '', command, char = ''] of written.matchAll(pattern)) {
    if (command === 'm') style = (styles[value] ?? '') === '' ? '' : `${styles[value]}`;
    else if (command === 'A') row = Math.max(0, row - Number(value || 1));
    else if (command === 'J') {
      rows.length = row + 1;
      at(row).length = column;
    } else if (command !== undefined) throw new Error(`the terminal is told ${JSON.stringify(value + command)}`);
    else if (char === '\r') column = 0;
    else if (char === '\n') row += 1;
    else if (char < ' ') throw new Error(`the terminal is told ${JSON.stringify(char)}`);
    else at(row)[column++] = { char, style };
    at(row);
  }
  return rows.map(shown).join('\n');
}

function shown(cells: readonly ({ char: string; style: string } | undefined)[]): string {
  let [text, now] = ['', ''];
  for (const cell of cells) {
    const style = cell?.style ?? '';
    if (style !== now) text += (now === '' ? '' : '</>') + (style === '' ? '' : `<${style}>`);
    now = style;
    text += cell?.char ?? ' ';
  }
  return text + (now === '' ? '' : '</>');
}
