import { formatDuration, type Milliseconds, truncate } from '../../core/index.ts';
import { type Html, html } from '../html-tag.ts';
import { at, figureFrame, mark, mostMarks, percent } from './figure-frame.ts';

/** A lock on a relation, from the begin of its tier; of the form of a dossier's LockSpan. Milliseconds. */
export interface LockMark {
  readonly tier: string;
  readonly relation: string;
  readonly mode: string;
  /** Whose work waits behind it. */
  readonly blocks: 'reads and writes' | 'writes' | 'schema changes';
  readonly fromMs: number;
  readonly heldMs: number;
  /** Of `heldMs`, the gate's own checks; null or absent: not measured. */
  readonly gateMs?: number | null;
}

const heading = 24;
const rowHeight = 34;
const axis = 26;
const weight = { 'reads and writes': 0, writes: 1, 'schema changes': 2 } as const;

/** Draws locks over time, tier by tier on one scale: a bar for each lock, told apart by form and words. */
export function lockFigure({ title, spans }: { readonly title: string; readonly spans: readonly LockMark[] }): Html {
  if (spans.length === 0) return html`<p class="soft">No lock on a table that existed before.</p>`;
  const drawn = spans.length <= mostMarks ? spans : heaviest(spans);
  const tiers = [...new Set(spans.map(({ tier }) => tier))].filter((tier) => drawn.some((one) => one.tier === tier));
  const end = Math.max(...drawn.map(({ fromMs, heldMs }) => fromMs + heldMs), 1);
  const step = tickStep(end);
  const scale = Math.ceil(end / step) * step;
  let y = 0;
  const rows = tiers.map((tier) => {
    const own = drawn.filter((one) => one.tier === tier);
    const top = y;
    y += heading + own.length * rowHeight;
    return html`<text class="strong" x="0" y="${top + 15}">${truncate(tier, 50)}</text>${own.map((span, index) => bar(span, { scale, y: top + heading + index * rowHeight }))}`;
  });
  const left = spans.length - drawn.length;
  return figureFrame({
    title,
    caption: html`Time from the start of each tier. Filled: reads and writes wait. Striped: writes wait. Thin: only changes of the schema wait.${left === 0 ? null : ` The ${drawn.length} with the longest waits are drawn; the table has all ${spans.length}.`}`,
    height: y + axis,
    drawing: html`<defs><pattern id="lock-stripes" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="var(--hold-bg)"/><rect width="3" height="6" fill="var(--hold)"/></pattern></defs>${ticks(scale, { step, bottom: y })}${rows}`,
    columns: [
      { head: 'Tier' },
      { head: 'Relation' },
      { head: 'Lock' },
      { head: 'Waiting for it' },
      { head: 'From', kind: 'number' },
      { head: 'Held', kind: 'number' },
      { head: "Of which the gate's own checks", kind: 'number' },
    ],
    rows: spans.map(words),
  });
}

/** A row of the table; a mark of the picture says the same. */
function words({ tier, relation, mode, blocks, fromMs, heldMs, gateMs }: LockMark): readonly string[] {
  const gate = gateMs == null ? 'not measured' : duration(gateMs);
  return [tier, relation, mode, blocks, duration(fromMs), duration(heldMs), gate];
}

function bar(span: LockMark, { scale, y }: { readonly scale: number; readonly y: number }): Html {
  const { relation, mode, blocks, fromMs, heldMs } = span;
  const [x, width] = [percent(fromMs / scale), percent(Math.max(heldMs / scale, 0.004))];
  const label = html`<text x="0" y="${y + 11}"><tspan class="strong">${truncate(relation, 26)}</tspan> ${truncate(mode, 24)}, ${duration(heldMs)}</text>`;
  const shape = {
    'reads and writes': html`<rect class="f-solid" x="${x}" y="${y + 15}" width="${width}" height="13"/>`,
    writes: html`<rect x="${x}" y="${y + 15}" width="${width}" height="13" fill="url(#lock-stripes)" stroke="var(--hold)"/>`,
    'schema changes': html`<rect class="f-plain" x="${x}" y="${y + 19}" width="${width}" height="5"/>`,
  }[blocks];
  return mark(words(span), html`${shape}${label}`);
}

function ticks(scale: number, { step, bottom }: { readonly step: number; readonly bottom: number }): Html {
  const places = Array.from({ length: Math.round(scale / step) + 1 }, (_, index) => index * step);
  return html`${places.map((ms, index) => {
    const anchor = index === 0 ? 'start' : index === places.length - 1 ? 'end' : 'middle';
    return html`<line class="f-line" x1="${percent(ms / scale)}" x2="${percent(ms / scale)}" y1="0" y2="${bottom}" stroke-dasharray="2 4"/>${at(ms / scale, bottom + 16, html`<text text-anchor="${anchor}">${duration(ms)}</text>`)}`;
  })}`;
}

/** A round step, so that at most four of them are on the axis: more would touch on a phone. */
function tickStep(end: number): number {
  const raw = end / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
}

function heaviest(spans: readonly LockMark[]): readonly LockMark[] {
  const chosen = new Set(
    spans
      .toSorted((one, other) => weight[one.blocks] - weight[other.blocks] || other.heldMs - one.heldMs)
      .slice(0, mostMarks),
  );
  return spans.filter((span) => chosen.has(span));
}

function duration(ms: number): string {
  return ms > 0 && ms < 10 ? `${Math.round(ms * 10) / 10} ms` : formatDuration(ms as Milliseconds);
}
