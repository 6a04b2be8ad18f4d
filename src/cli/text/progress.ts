import { formatDuration, formatSize, type Milliseconds } from '../../core/index.ts';
import { cut, widthOf } from './width.ts';

/** The elapsed time of work, and the remaining time from earlier runs; null if unknown. */
export interface Timing {
  readonly spentMs: number;
  readonly leftMs: number | null;
}

/** Says a timing, e.g. `12 s, about 40 s left`. Seconds are enough while one watches, and an estimate has no tenths. */
export function timingText({ spentMs, leftMs }: Timing): string {
  const spent = coarse(spentMs);
  if (leftMs === null) return spent;
  return leftMs < 1000 ? `${spent}, nearly done` : `${spent}, about ${coarse(leftMs)} left`;
}

/** A line whose end is never cut off, because the end changes. */
export function withEnd(text: string, end: string, columns: number): string {
  const room = columns - widthOf(end) - 2;
  if (room < 8) return cut(`${text}  ${end}`, columns);
  return `${cut(text, room)}  ${end}`;
}

/** The lines that fit above the prompt: the newest ones, because they move. */
export function newest(lines: readonly string[], rows: number): readonly string[] {
  return lines.slice(-Math.max(rows, 1));
}

function coarse(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  return formatDuration((Math.round(ms / 1000) * 1000) as Milliseconds);
}

/** How far a copy is, e.g. `golden copy: 1200MB of 3000MB, 12 s, about 20 s left`; what is left by the rate until now, from a tenth on. */
export function copyText(of: { readonly done: number; readonly total: number; readonly spentMs: number }): string {
  const { done, total, spentMs } = of;
  const leftMs = done === 0 || done < total / 10 ? null : Math.max(0, (spentMs * (total - done)) / done);
  return `golden copy: ${formatSize(done)} of ${formatSize(total)}, ${timingText({ spentMs, leftMs })}`;
}
