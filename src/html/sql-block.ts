import { type Html, html, lines } from './html-tag.ts';

/** SQL in pieces, as a scanner cut it. */
export type Pieces = readonly {
  readonly kind: 'keyword' | 'name' | 'string' | 'number' | 'comment' | 'plain';
  readonly text: string;
}[];

const classes = { keyword: 'k', name: 'i', string: 's', number: 'n', comment: 'c' } as const;

/** SQL in a `pre` that wraps its lines, with its words in colours; every character is there, the invisible ones as `\u{…}`. */
export function sqlBlock(pieces: Pieces): Html {
  return html`<pre><code>${pieces.map(({ kind, text }) =>
    kind === 'plain' ? lines(text) : html`<span class="${classes[kind]}">${lines(text)}</span>`,
  )}</code></pre>`;
}
