import { type Html, html, lines } from './html.ts';

/** SQL in pieces, as a scanner cut it. */
export type Pieces = readonly {
  readonly kind: 'keyword' | 'string' | 'number' | 'comment' | 'plain';
  readonly text: string;
}[];

const classes = { keyword: 'k', string: 's', number: 'n', comment: 'c' } as const;

/** SQL in a `pre`, its words told apart; every character is there, the invisible ones as `\u{…}`. */
export function sqlBlock(pieces: Pieces): Html {
  return html`<pre tabindex="0" aria-label="SQL"><code>${pieces.map(({ kind, text }) =>
    kind === 'plain' ? lines(text) : html`<span class="${classes[kind]}">${lines(text)}</span>`,
  )}</code></pre>`;
}
