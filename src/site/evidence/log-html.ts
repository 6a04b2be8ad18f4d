import { type Entry } from '../../evidence/index.ts';
import { type KnownEvidence } from '../../evidence-kinds/index.ts';
import { type NonEmpty } from '../../core/index.ts';
import {
  digestOf,
  type Document,
  facts,
  type Hole,
  type Html,
  html,
  lines,
  path,
  tag,
  time,
} from '../../html/index.ts';
import { drawEvidence } from './drawn.ts';

/** A line of the log, as its page shows it. */
export interface LogRow {
  readonly entry: Entry;
  /** The fingerprint of the key that signed it. */
  readonly by: string;
  /** Why it does not count; null: it counts, or no one was asked. */
  readonly uncounted: string | null;
}

/** Which lines are shown: by kind, by the key that signed, of one release, or those alone that do not count. Each part absent: all. */
export interface LogFilter {
  readonly kind?: string;
  readonly by?: string;
  readonly release?: string;
  readonly counted?: 'no';
}

/** A page of the log. */
export interface LogView {
  /** Of this page, newest first. */
  readonly rows: readonly LogRow[];
  readonly filter: LogFilter;
  /** What there is to choose from, with how many lines each has. */
  readonly kinds: ReadonlyMap<string, number>;
  readonly signers: ReadonlyMap<string, number>;
  /** The names of releases by their seals. */
  readonly names: ReadonlyMap<string, string>;
  /** Null where nothing was recorded. */
  readonly checkpoint: string | null;
  readonly page: number;
  readonly last: number;
  /** Lines of the filter, and in all. */
  readonly found: number;
  readonly size: number;
}

/** Draws the log, newest first, in groups: what was recorded of one release on one day, in a row. */
export function logPage({
  rows,
  filter,
  kinds,
  signers,
  names,
  checkpoint,
  page,
  last,
  found,
  size,
}: LogView): Document {
  const groups = groupsOf(rows);
  return {
    title: 'Evidence',
    main: html`<h1>Evidence</h1><p class="lead">What was measured, proven and done, in order: ${size} entries, each signed, all of them under one checkpoint. Entries can be added; any change is detected.</p>${
      checkpoint === null
        ? null
        : html`<details><summary>Checkpoint</summary><pre tabindex="0">${lines(checkpoint)}</pre><p class="soft">Compare it with one that you saved: <code>oneroof log</code> prints it too.</p></details>`
    }${size > 0 && filterHtml({ filter, kinds, signers, names })}<p id="found">${found === size ? null : html`${found} of ${size} entries. <a href="/evidence">Show all</a>`}</p>${
      groups.length === 0
        ? html`<p class="soft">${size === 0 ? 'Nothing was recorded yet.' : 'No entry matches.'}</p>`
        : groups.map((group, index) => groupHtml(group, { names, first: index === 0 }))
    }${
      last === 0
        ? null
        : html`<nav aria-label="Pages of the log" class="row">${page > 0 && html`<a href="${address({ ...filter, page: page - 1 })}">Newer</a>`}<span class="soft">page ${page + 1} of ${last + 1}</span>${page < last && html`<a href="${address({ ...filter, page: page + 1 })}">Older</a>`}</nav>`
    }`,
  };
}

/** The address of the log with a filter: without scripts, and without a form, which the security policy forbids. */
function address(query: LogFilter & { readonly page?: number }): string {
  const words = new URLSearchParams(
    Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)])),
  );
  return words.size === 0 ? '/evidence' : `/evidence?${words.toString()}`;
}

function filterHtml({ filter, kinds, signers, names }: Pick<LogView, 'filter' | 'kinds' | 'signers' | 'names'>): Html {
  const choice = (of: {
    readonly name: keyof LogFilter;
    readonly label: string;
    readonly choices: readonly (readonly [value: string, text: Hole])[];
  }): Html => {
    const { [of.name]: chosen, ...others } = filter;
    const one = (query: LogFilter, text: Hole, isChosen: boolean): Html =>
      isChosen ? html`<strong aria-current="true">${text}</strong>` : html`<a href="${address(query)}">${text}</a>`;
    return html`<dt>${of.label}</dt><dd class="choices">${one(others, 'all', chosen === undefined)} ${of.choices.map(
      ([value, text]) => html`${one({ ...others, [of.name]: value }, text, value === chosen)} `,
    )}</dd>`;
  };
  const { release } = filter;
  return html`<details class="card noprint" id="filter"${Object.keys(filter).length === 0 ? null : html` open`}><summary>Filter by kind, by key, by what counts</summary><dl class="facts">${choice(
    {
      name: 'kind',
      label: 'Kind',
      choices: [...kinds].map(([kind, many]) => [kind, html`${kind}&nbsp;(${many})`]),
    },
  )}${choice({
    name: 'by',
    label: 'Signed by',
    choices: [...signers].map(([by, many]) => [by, html`<code>${by.slice(0, 19)}…</code>&nbsp;(${many})`]),
  })}${choice({ name: 'counted', label: 'Counts', choices: [['no', 'not counted']] })}${
    release === undefined
      ? null
      : choice({ name: 'release', label: 'Release', choices: [[release, names.get(release) ?? release.slice(7, 19)]] })
  }</dl></details>`;
}

/** Lines of one release and one day, one after the other. */
function groupsOf(rows: readonly LogRow[]): readonly NonEmpty<LogRow>[] {
  const groups: [LogRow, ...LogRow[]][] = [];
  const mark = ({ entry }: LogRow): string => `${entry.seal} ${entry.recordedAt.slice(0, 10)}`;
  for (const row of rows) {
    const group = groups.at(-1);
    if (group !== undefined && mark(group[0]) === mark(row)) group.push(row);
    else groups.push([row]);
  }
  return groups;
}

/** So many lines of a group are shown at once. */
const atOnce = 10;

function groupHtml(
  rows: NonEmpty<LogRow>,
  { names, first }: { readonly names: LogView['names']; readonly first: boolean },
): Html {
  const [{ entry }] = rows;
  const many = new Map<string, number>();
  for (const one of rows) many.set(one.entry.kind, (many.get(one.entry.kind) ?? 0) + 1);
  const uncounted = rows.filter((one) => one.uncounted !== null).length;
  const rest = rows.slice(atOnce);
  const shown = (some: readonly LogRow[]): Html => html`<ul class="bare">${some.map(rowHtml)}</ul>`;
  return html`<details class="group"${first && html` open`}><summary>${entry.recordedAt.slice(0, 10)}, ${names.get(entry.seal) ?? entry.seal.slice(7, 19)}: ${[...many].map(([kind, times]) => `${times} ${kind}`).join(', ')}${uncounted > 0 && html` ${tag(`not counted: ${uncounted}`, 'no')}`}</summary><p class="soft"><a href="${path('releases', entry.seal)}">Release</a> ${digestOf(entry.seal)} · <a href="${address({ release: entry.seal })}">all of its evidence</a></p>${shown(
    rows.slice(0, atOnce),
  )}${rest.length > 0 && html`<details><summary>and ${rest.length} more</summary>${shown(rest)}</details>`}</details>`;
}

function rowHtml({ entry, by, uncounted }: LogRow): Html {
  return html`<li>${entry.index}. <a href="${path('evidence', entry.digest)}">${entry.kind} ${digestOf(entry.digest)}</a> ${time(entry.recordedAt)} <span class="soft">signed by <code>${by.slice(0, 19)}…</code></span>${uncounted !== null && html` ${tag(`not counted: ${uncounted}`, 'no')}`}</li>`;
}

/** A longer piece is shown in part, with a link to all of it. Characters. */
const longest = 200_000;

/** Draws one piece of evidence. */
export function entryPage(piece: KnownEvidence, by: string, uncounted: string | null = null): Document {
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
        ? html`${drawEvidence(piece)}<h2>The whole entry</h2><p><a href="${path('evidence', entry.digest)}?as=json">As JSON</a></p><pre tabindex="0"><code>${lines(text.slice(0, longest))}</code></pre>${text.length > longest && html`<p class="note hold">Only the first ${longest.toLocaleString('en-US')} characters are shown.</p>`}`
        : html`<p>${tag('unreadable', 'no')} ${piece.reason}</p>`
    }`,
  };
}
