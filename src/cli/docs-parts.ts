/** The sections of a page of Markdown whose heading contains a text, with what is below them; and the rows of tables that begin with it. */
export function partsWith(page: string, text: string): string {
  const wanted = text.toLowerCase();
  const found: string[] = [];
  // the depth of the heading that was found; 0: none
  let depth = 0;
  let isCode = false;
  for (const line of page.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode;
    const [, marks = '', title = ''] = isCode ? [] : (/^(#+) (.*)/.exec(line) ?? []);
    if (marks !== '' && (depth === 0 || marks.length <= depth))
      depth = title.toLowerCase().includes(wanted) ? marks.length : 0;
    const row = /^\| ([^|]*) \|/.exec(line)?.[1] ?? '';
    if (depth > 0 || (row !== '' && row.toLowerCase().includes(wanted))) found.push(line);
  }
  return found.join('\n').trim();
}
