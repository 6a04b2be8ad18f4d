import { formatDuration, type Milliseconds } from '../../core/index.ts';

/** A length of time for people. Units: milliseconds. */
export const ms = (value: number): string => formatDuration(value as Milliseconds);

/** A number for people; nothing where it was not measured. */
export const figureText = (value: number | null): string => (value === null ? '' : value.toLocaleString('en-US'));

/** A size for people. */
export function bytes(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} GB`;
  return value >= 1e6 ? `${(value / 1e6).toFixed(1)} MB` : `${Math.ceil(value / 1e3)} kB`;
}
