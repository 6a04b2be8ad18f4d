import { type Hole, Html, html } from './html-tag.ts';

/** How a status is shown: a sign and a colour for what its word says. */
export type Tone = 'go' | 'no' | 'hold' | 'info' | 'plain';

/** A status: a word with its sign. */
export function tag(word: string, tone: Tone): Html {
  return html`<span class="tag ${tone}">${word}</span>`;
}

/** Names and values, one below the other. */
export function facts(items: readonly (readonly [name: string, value: Hole])[]): Html {
  return html`<dl class="facts">${items.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** A column of a table. */
export interface Column {
  readonly head: string;
  readonly kind?: 'number';
}

/** A table whose rows become blocks on a phone; the first cell of a row names it. */
export function table(of: {
  readonly caption?: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Hole[])[];
  /** What is shown below a row, as wide as the table; null: nothing. */
  readonly below?: (row: number) => Html | null;
  /** What is there where there are no rows. */
  readonly none?: string;
}): Html {
  const { caption, columns, rows, none, below = () => null } = of;
  if (rows.length === 0) return html`<p class="soft">${none ?? 'None.'}</p>`;
  const kind = (index: number): string => (columns[index]?.kind === 'number' ? 'num' : '');
  return html`<div class="scroll"><table class="stack">${caption === undefined ? null : html`<caption>${caption}</caption>`}<thead><tr>${columns.map(({ head }, index) => html`<th scope="col" class="${kind(index)}">${head}</th>`)}</tr></thead><tbody>${rows.map(
    (row, at) => {
      const more = below(at);
      return html`<tr>${row.map((cell, index) => (index === 0 ? html`<th scope="row">${cell}</th>` : html`<td class="${kind(index)}" data-head="${columns[index]?.head ?? ''}">${cell}</td>`))}</tr>${more !== null && html`<tr class="below"><td colspan="${columns.length}">${more}</td></tr>`}`;
    },
  )}</tbody></table></div>`;
}

/** A list, or a word where it is empty. */
export function list(items: readonly Hole[], none = 'None.'): Html {
  return items.length === 0
    ? html`<p class="soft">${none}</p>`
    : html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}

/** So many of a long list are read at once; the rest is folded. */
const atOnce = 5;

/** A list of which the first few are shown and the rest is folded; or a word where it is empty. */
export function folded(items: readonly Hole[], none = 'None.'): Html {
  if (items.length <= atOnce + 1) return list(items, none);
  const rest = items.slice(atOnce);
  return html`${list(items.slice(0, atOnce))}<details><summary>and ${rest.length} more</summary>${list(rest)}</details>`;
}

/** Digits that people compare: the first six large, in two groups, the rest in groups of four. */
export function comparable(digits: string): Html {
  const groups = (text: string, size: number): readonly string[] =>
    Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size));
  return html`<p class="digits"><b>${groups(digits.slice(0, 6), 3).map((one) => html`<span>${one}</span> `)}</b>${groups(digits.slice(6), 4).map((one) => html`<span>${one}</span> `)}</p>`;
}

/** A digest: its first twelve digits, all of it to whoever points at it or lets it be read. */
export function digestOf(value: string): Html {
  return html`<code title="${value}">${value.replace(/^sha256:/, '').slice(0, 12)}</code>`;
}

/** A point in time, to the second, with its machine-readable form. */
export function time(instant: string): Html {
  return html`<time datetime="${instant}">${instant.slice(0, 19).replace('T', ' ')} UTC</time>`;
}
