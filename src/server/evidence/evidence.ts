import { type Entry } from '../../evidence/index.ts';
import { type Evidence } from '../../kinds/index.ts';
import { digestOf, type Document, facts, html, lines, path, table, tag, time } from '../../page/index.ts';
import { drawn } from './drawn.ts';

/** A page of the log. */
export interface LogView {
  readonly rows: readonly {
    readonly entry: Entry;
    readonly by: string;
    readonly name: string;
    readonly uncounted: string | null;
  }[];
  /** Null where nothing was recorded. */
  readonly checkpoint: string | null;
  readonly page: number;
  readonly last: number;
  /** Lines in all. */
  readonly size: number;
}

/** Draws the log, newest first. */
export function logPage({ rows, checkpoint, page, last, size }: LogView): Document {
  return {
    title: 'Evidence',
    main: html`<h1>Evidence</h1><p class="lead">What was measured, proven and done, in order: ${size} entries, each signed, all of them under one checkpoint. It can be added to; whoever changes it is found out.</p>${
      checkpoint === null
        ? null
        : html`<details><summary>Checkpoint</summary><pre tabindex="0">${lines(checkpoint)}</pre><p class="soft">Compare it with one that you kept: <code>oneroof log</code> prints it too.</p></details>`
    }${table({
      columns: [
        { head: 'No.' },
        { head: 'Recorded' },
        { head: 'Kind' },
        { head: 'Release' },
        { head: 'Evidence' },
        { head: 'Signed by' },
      ],
      rows: rows.map(({ entry, by, name, uncounted }) => [
        entry.index,
        time(entry.recordedAt),
        uncounted === null ? entry.kind : html`${entry.kind} ${tag(`not counted: ${uncounted}`, 'no')}`,
        html`<a href="${path('releases', entry.seal)}">${name}</a> ${digestOf(entry.seal)}`,
        html`<a href="${path('evidence', entry.digest)}">${digestOf(entry.digest)}</a>`,
        html`<code>${by.slice(0, 19)}…</code>`,
      ]),
      none: 'Nothing was recorded yet.',
    })}${
      last === 0
        ? null
        : html`<nav aria-label="Pages of the log" class="row">${page > 0 && html`<a href="/evidence?page=${page - 1}">Newer</a>`}<span class="soft">page ${page + 1} of ${last + 1}</span>${page < last && html`<a href="/evidence?page=${page + 1}">Older</a>`}</nav>`
    }`,
  };
}

/** A piece that is longer is shown in part; all of it is behind a link. Characters. */
const longest = 200_000;

/** Draws one piece of evidence. */
export function entryPage(piece: Evidence, by: string, uncounted: string | null = null): Document {
  const { entry } = piece;
  const text = piece.readable ? JSON.stringify(piece.body, null, 2) : '';
  return {
    title: `${entry.kind} ${entry.digest.slice(7, 19)}`,
    trail: [['Evidence', '/evidence']],
    main: html`<h1>${entry.kind} ${digestOf(entry.digest)}</h1>${facts([
      ['Recorded', time(entry.recordedAt)],
      ['Digest', html`<code>${entry.digest}</code>`],
      ['Release', html`<a href="${path('releases', entry.seal)}"><code>${entry.seal}</code></a>`],
      ['Signed by', html`<code>${by}</code>`],
      ...(uncounted === null ? [] : [['Counts', tag(`not counted: ${uncounted}`, 'no')] as const]),
      ['Size', `${entry.size.toLocaleString('en-US')} bytes`],
    ])}${
      piece.readable
        ? html`${drawn(piece)}<h2>The whole of it</h2><p><a href="${path('evidence', entry.digest)}?as=json">As JSON</a></p><pre tabindex="0"><code>${lines(text.slice(0, longest))}</code></pre>${text.length > longest && html`<p class="note hold">Only the first ${longest.toLocaleString('en-US')} characters are shown.</p>`}`
        : html`<p>${tag('unreadable', 'no')} ${piece.reason}</p>`
    }`,
  };
}
