import { truncate } from '../../core/index.ts';
import { type Html, html } from '../html-tag.ts';
import { at, figureFrame, mark, percent } from './figure-frame.ts';

/** The state of a tier. `closed`: something before it must come first; `back`: rolled out and rolled back. */
export type TierState = 'done' | 'running' | 'open' | 'closed' | 'barred' | 'back' | 'unknown';

/** A gate before a tier. */
export interface GateMark {
  readonly title: string;
  readonly state: 'open' | 'closed' | 'unknown';
}

/** One tier on the line. */
export interface TierMark {
  readonly id: string;
  readonly title: string;
  readonly state: TierState;
  /** Why there is no rollback; null where there is one. */
  readonly oneWay: string | null;
  /** All that stands before it: data gates, hold points, the ratification. */
  readonly gates: readonly GateMark[];
}

/** So many tiers in one row are legible on a phone. */
const across = 5;
const rowHeight = 108;
const track = 46;

const looks: Readonly<Record<TierState, { readonly sign: string; readonly tone: string }>> = {
  done: { sign: '✓', tone: 'go' },
  running: { sign: '▶', tone: 'info' },
  open: { sign: '○', tone: 'info' },
  closed: { sign: '❙❙', tone: 'hold' },
  barred: { sign: '✕', tone: 'no' },
  back: { sign: '↩', tone: 'plain' },
  unknown: { sign: '?', tone: 'plain' },
};

/** Draws a release as a line of tiers, with the gates that stand before them. */
export function tierLine({ title, tiers }: { readonly title: string; readonly tiers: readonly TierMark[] }): Html {
  // rows as equal as can be: six tiers are three and three, not five and one
  const rows = Math.max(1, Math.ceil(tiers.length / across));
  const cells = Math.max(1, Math.ceil(tiers.length / rows));
  const height = rows * rowHeight;
  const drawing = tiers.map((tier, index) => {
    const [row, column] = [Math.floor(index / cells), index % cells];
    const [y, x] = [row * rowHeight + track, (column + 0.5) / cells];
    const before = percent(column / cells);
    const isLast = index === tiers.length - 1;
    return html`<line class="f-line" x1="${before}" x2="${percent(isLast ? x : (column + 1) / cells)}" y1="${y}" y2="${y}" stroke-width="3"/>${
      tier.gates.length === 0 ? null : gateMark(tier.gates, { x: column / cells, y, room: 1 / cells })
    }${mark(words(tier), at(x, y, tierShape(tier, index + 1, 150 / cells)))}`;
  });
  return figureFrame({
    title,
    // where it is not known of one, a count would say that it is not done
    caption: html`${tiers.some(({ state }) => state === 'unknown') ? null : `${tiers.filter(({ state }) => state === 'done').length} of ${tiers.length} tiers done. `}A barrier on the line is a gate before the tier to its right.`,
    height,
    drawing,
    columns: [
      { head: 'Tier' },
      { head: 'Title' },
      { head: 'State' },
      { head: 'Rollback' },
      { head: 'Gates before it' },
    ],
    rows: tiers.map(words),
  });
}

/** A row of the table; a mark of the picture says the same. */
function words({ id, title, state, oneWay, gates }: TierMark): readonly string[] {
  const before = gates.map((gate) => `${gate.title}: ${gate.state}`).join('; ');
  return [id, title, state, oneWay === null ? 'yes' : `one-way: ${oneWay}`, before === '' ? 'none' : before];
}

function tierShape({ id, state, oneWay }: TierMark, n: number, letters: number): Html {
  const { sign, tone } = looks[state];
  const outline =
    state === 'barred'
      ? html`<rect class="f-${tone}" x="-15" y="-15" width="30" height="30" rx="4" stroke-width="2"/>`
      : html`<circle class="f-${tone}" r="16" stroke-width="${state === 'open' || state === 'running' ? 3 : 2}"${state === 'closed' || state === 'unknown' ? html` stroke-dasharray="4 3"` : null}/>`;
  return html`${outline}<text class="strong" text-anchor="middle" y="4">${n}</text><text class="strong" text-anchor="middle" y="32">${sign} ${state}</text><text class="wide" text-anchor="middle" y="47">${truncate(id, Math.max(8, Math.floor(letters)))}</text>${oneWay === null ? null : html`<text text-anchor="middle" y="60">one-way →</text>`}`;
}

/** Several gates before one tier are one barrier: it is as closed as the most closed of them. */
function gateMark(
  gates: readonly GateMark[],
  { x, y, room }: { readonly x: number; readonly y: number; readonly room: number },
): Html {
  const states = gates.map(({ state }) => state);
  const state = states.includes('closed') ? 'closed' : states.includes('unknown') ? 'unknown' : 'open';
  const tone = { open: 'go', closed: 'hold', unknown: 'plain' }[state];
  // at the left edge half of the barrier would be cut off
  const [shift, anchor] = x === 0 ? [6, 'start'] : [0, 'middle'];
  const bars =
    state === 'open'
      ? html`<path class="f-${tone}" d="M-5 -17v9M5 -17v9M-5 8v9M5 8v9" stroke-width="3"/>`
      : html`<rect class="f-${tone}" x="-6" y="-17" width="4" height="34" stroke-width="1.5"/><rect class="f-${tone}" x="2" y="-17" width="4" height="34" stroke-width="1.5"/>`;
  const name = gates.length === 1 ? (gates[0]?.title ?? '') : `${gates.length} gates`;
  const said = gates.map((gate) => `${gate.title}: ${gate.state}`);
  return html`<g><title>${said.join('; ')}</title>${at(x, y, html`<svg x="${shift}" overflow="visible">${bars}<text text-anchor="${anchor}" x="${x === 0 ? -6 : 0}" y="-22">${state}</text><text class="wide" text-anchor="${anchor}" x="${x === 0 ? -6 : 0}" y="-34">${truncate(name, Math.max(6, Math.floor(150 * room)))}</text></svg>`)}</g>`;
}
