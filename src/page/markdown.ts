import { Html, html, join, lines } from './html.ts';

/**
 * Shows the Markdown that One Roof itself writes (runbook, prompt, report): headings, paragraphs, lists, tables, blocks, `code`, **bold**.
 * It is no renderer for the Markdown of others: what it does not know stays text.
 */
export function markdownHtml(text: string): Html {
  const pieces: Html[] = [];
  const rest = text.split('\n');
  const take = (belongs: (line: string) => boolean): string[] => {
    const found: string[] = [];
    while (rest[0] !== undefined && belongs(rest[0])) found.push(rest.shift() ?? '');
    return found;
  };
  while (rest.length > 0) {
    const line = rest[0] ?? '';
    const heading = /^(#{1,3}) (.*)$/.exec(line);
    if (line.trim() === '') rest.shift();
    else if (heading !== null) {
      rest.shift();
      pieces.push(headingOf(heading[1]?.length ?? 1, inline(heading[2] ?? '')));
    } else if (line.startsWith('```')) {
      rest.shift();
      const block = take((one) => !one.startsWith('```'));
      rest.shift();
      pieces.push(html`<pre tabindex="0"><code>${lines(block.join('\n'))}</code></pre>`);
    } else if (line.startsWith('- '))
      pieces.push(
        html`<ul>${take((one) => one.startsWith('- ')).map((one) => html`<li>${inline(one.slice(2))}</li>`)}</ul>`,
      );
    else if (/^\d+\. /.test(line))
      pieces.push(
        html`<ol>${take((one) => /^\d+\. /.test(one)).map((one) => html`<li>${inline(one.replace(/^\d+\. /, ''))}</li>`)}</ol>`,
      );
    else if (line.startsWith('|')) pieces.push(tableOf(take((one) => one.startsWith('|'))));
    else {
      rest.shift();
      const more = take((one) => one.trim() !== '' && !/^(#{1,3} |```|- |\||\d+\. )/.test(one));
      pieces.push(html`<p>${inline([line, ...more].join(' '))}</p>`);
    }
  }
  return join(pieces);
}

function headingOf(level: number, title: Html): Html {
  if (level === 1) return html`<h1>${title}</h1>`;
  return level === 2 ? html`<h2>${title}</h2>` : html`<h3>${title}</h3>`;
}

function tableOf(rows: readonly string[]): Html {
  const cells = rows.map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => inline(cell.trim())),
  );
  const [head = [], , ...body] = cells;
  const names = splitRow(rows[0] ?? '').map(plain);
  return html`<div class="scroll"><table class="stack"><thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead><tbody>${body.map(
    (row) => html`<tr>${row.map((cell, index) => html`<td data-head="${names[index] ?? ''}">${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

function splitRow(row: string): readonly string[] {
  return row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/** A backslash before a sign and an entity stand for the sign itself, which is then shown as text. */
function inline(text: string): Html {
  const parts = text.split(/(`[^`]*`|\*\*(?:[^*\\]|\\.)*\*\*)/);
  return join(
    parts.map((part) => {
      if (/^`[^`]*`$/.test(part)) return html`<code>${part.slice(1, -1)}</code>`;
      if (/^\*\*.*\*\*$/.test(part)) return html`<strong>${plain(part.slice(2, -2))}</strong>`;
      return html`${plain(part)}`;
    }),
  );
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', '#58': ':', '#64': '@', '#46': '.' };

function plain(text: string): string {
  return text
    .replace(/\\([\\`*{}[\]()#+!|~_])/g, '$1')
    .replace(/&(amp|lt|gt|#58|#64|#46);/g, (whole, name: string) => entities[name] ?? whole);
}
