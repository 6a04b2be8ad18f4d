import { type Branded } from './brand.ts';

/** A point in time as RFC 3339 text in UTC with milliseconds, e.g. `2026-06-03T08:00:00.000Z`. Sorts as text. */
export type Instant = Branded<string, 'Instant'>;

/** A length of time in milliseconds. */
export type Milliseconds = Branded<number, 'Milliseconds'>;

/** Turns a Date into an Instant. The only reading of the clock is `now()` in clock.io.ts. */
export function instant(date: Date): Instant {
  return date.toISOString() as Instant;
}

/** The milliseconds from one instant to another; negative when `to` is earlier. */
export function elapsed(span: { readonly from: Instant; readonly to: Instant }): Milliseconds {
  return (Date.parse(span.to) - Date.parse(span.from)) as Milliseconds;
}

/**
 * Reads a length of time such as `200ms`, `2s`, `15min`, `12h`, `7d`.
 *
 * Units   milliseconds.
 * Returns null where the text is none.
 */
export function parseDuration(text: string): Milliseconds | null {
  const match = /^(\d{1,9})(ms|s|min|h|d)$/.exec(text);
  if (match === null) return null;
  const unit = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 'ms' | 's' | 'min' | 'h' | 'd'];
  return (Number(match[1]) * unit) as Milliseconds;
}

/** Writes a length of time for people: `640 ms`, `2.4 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(value: Milliseconds): string {
  if (value < 1000) return `${Math.round(value)} ms`;
  if (value < 60_000) return `${(value / 1000).toFixed(1)} s`;
  const seconds = Math.round(value / 1000);
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  if (hours < 1) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return days < 1 ? `${hours} h ${minutes % 60} min` : `${days} d ${hours % 24} h`;
}
