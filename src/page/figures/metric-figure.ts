import { type Html, html } from '../html.ts';
import { at, frame, mark, mostMarks, number, percent } from './frame.ts';

/** What a metric must be; of the form of a release's expectation. */
export interface Band {
  readonly equals?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A value that was read. */
export interface ReadingMark {
  /** RFC 3339. */
  readonly at: string;
  readonly value: number;
  /** Where it was read: production, or a clone, e.g. `clone, after forward`. */
  readonly place: string;
  readonly of: 'production' | 'clone';
}

const height = 150;
const [top, bottom] = [26, 116];

/** Draws the values of a metric in the order in which they were read, against what is declared for before and after. */
export function metricFigure(of: {
  readonly title: string;
  readonly readings: readonly ReadingMark[];
  readonly greenfield: Band | null;
  readonly finalized: Band | null;
}): Html {
  const { title, greenfield, finalized } = of;
  if (of.readings.length === 0) return html`<p class="soft">${title}: nothing was read yet.</p>`;
  const readings = of.readings.slice(-mostMarks);
  const edges = [greenfield, finalized].flatMap((band) => (band === null ? [] : edgesOf(band)));
  const values = [...readings.map(({ value }) => value), ...edges];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const y = (value: number): number =>
    most === least ? (top + bottom) / 2 : bottom - ((value - least) / (most - least)) * (bottom - top);
  const x = (index: number): number => (index + 0.5) / readings.length;
  const production = readings
    .map((one, index) => ({ ...one, index }))
    .filter(({ of: where }) => where === 'production');
  const path = production.slice(1).map((one, index) => {
    const before = production[index] ?? one;
    return html`<line class="f-info" x1="${percent(x(before.index))}" y1="${y(before.value)}" x2="${percent(x(one.index))}" y2="${y(one.value)}" stroke-width="2"/>`;
  });
  const first = readings[0]?.at ?? '';
  const last = readings.at(-1)?.at ?? '';
  return frame({
    title,
    caption: html`In the order in which they were read. Discs: production. Squares: a clone.${of.readings.length > readings.length ? ` The last ${readings.length} of ${of.readings.length}.` : null}`,
    height,
    drawing: html`${band('greenfield', greenfield, { y, across: 'start' })}${band('finalized', finalized, { y, across: 'end' })}${path}${readings.map(
      (one, index) => mark(words(one), at(x(index), y(one.value), point(one))),
    )}<text x="0" y="${height - 4}">${day(first)}</text>${readings.length < 2 ? null : at(1, height - 4, html`<text text-anchor="end">${day(last)}</text>`)}`,
    columns: [{ head: 'When' }, { head: 'Where' }, { head: 'Value', kind: 'number' }],
    rows: readings.map(words),
  });
}

/** What is expected, in words: `= 0`, `≥ 1`, `1 to 5`. */
function bandText({ equals, atLeast, atMost }: Band): string {
  if (equals !== undefined) return `= ${number(equals)}`;
  if (atLeast !== undefined && atMost !== undefined) return `${number(atLeast)} to ${number(atMost)}`;
  return atLeast === undefined ? `≤ ${number(atMost ?? 0)}` : `≥ ${number(atLeast)}`;
}

/** A row of the table; a mark of the picture says the same. */
function words({ at: when, place, value }: ReadingMark): readonly string[] {
  return [`${day(when)} UTC`, place, number(value)];
}

function point({ value, of }: ReadingMark): Html {
  const shape =
    of === 'production'
      ? html`<circle class="f-info" r="5" stroke-width="2"/>`
      : html`<rect class="f-plain" x="-5" y="-5" width="10" height="10" stroke-width="2"/>`;
  return html`${shape}<text class="strong" text-anchor="middle" y="-10">${number(value)}</text>`;
}

/** A line at each edge; the words stand at the side on which the state is: before at the left, after at the right. */
function band(
  name: string,
  value: Band | null,
  place: { readonly y: (value: number) => number; readonly across: 'start' | 'end' },
): Html | null {
  if (value === null) return null;
  const [edge = 0] = edgesOf(value);
  const isStart = place.across === 'start';
  return html`${edgesOf(value).map((one) => html`<line class="${isStart ? 'f-hold' : 'f-go'}" x1="0" x2="100%" y1="${place.y(one)}" y2="${place.y(one)}" stroke-dasharray="${isStart ? '2 4' : '8 4'}"/>`)}${at(isStart ? 0 : 1, place.y(edge) + 14, html`<text text-anchor="${place.across}">${name} ${bandText(value)}</text>`)}`;
}

function edgesOf({ equals, atLeast, atMost }: Band): readonly number[] {
  return [equals, atLeast, atMost].filter((edge) => edge !== undefined);
}

function day(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}
