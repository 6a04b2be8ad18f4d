import { type Hole, type Html, html } from '../html-tag.ts';
import { type Column, table } from '../page-parts.ts';

/** The most marks that one picture holds; its table holds all. */
export const mostMarks = 40;

/**
 * Frames a picture: the drawing, what it shows in words, and below it the table with the same content.
 *
 * Shape   places across are percentages and sizes are pixels, so that text stays legible on a phone.
 * Units   `height` in pixels.
 */
export function figureFrame(of: {
  /** What a screen reader says instead of the drawing, and the head of the table. */
  readonly title: string;
  readonly caption: Hole;
  readonly height: number;
  readonly drawing: Hole;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Hole[])[];
}): Html {
  const { title, caption, height, drawing, columns, rows } = of;
  return html`<figure><svg class="chart" role="img" aria-label="${title}" width="100%" height="${height}"><title>${title}</title>${drawing}</svg><figcaption>${caption}</figcaption><details><summary>The same as a table</summary>${table({ caption: title, columns, rows })}</details></figure>`;
}

/** A mark of a picture; the words of its table's row show when it is pointed at, and let a test hold the two together. */
export function mark(words: readonly string[], drawing: Hole): Html {
  return html`<g><title>${words.join(' · ')}</title>${drawing}</g>`;
}

/** A piece that is drawn in pixels around a place across. */
export function at(x: number, y: number, drawing: Hole): Html {
  return html`<svg x="${percent(x)}" y="${y}" overflow="visible">${drawing}</svg>`;
}

/** A place or a length across, from 0 to 1, as the browser wants it. */
export function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100}%`;
}
