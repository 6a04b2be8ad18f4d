import { type Branded } from './brand.ts';

/** A number of bytes. */
export type Bytes = Branded<number, 'Bytes'>;

/**
 * Reads a size as PostgreSQL writes it: `0B`, `512kB`, `64MB`, `2GB`, `1TB`.
 *
 * Units   bytes; a step is 1024.
 * Returns null where the text is none.
 */
export function parseSize(text: string): Bytes | null {
  const match = /^(\d{1,9})(B|kB|MB|GB|TB)$/.exec(text);
  if (match === null) return null;
  return (Number(match[1]) * 1024 ** ['B', 'kB', 'MB', 'GB', 'TB'].indexOf(match[2] ?? '')) as Bytes;
}

/** Writes a size for people and for oneroof.yaml, rounded up to three digits at least: `640kB`, `2048MB`, `12GB`. */
export function formatSize(bytes: number): string {
  const units = ['kB', 'MB', 'GB'];
  let unit = 0;
  while (unit < 2 && bytes >= 10_000 * 1024 ** (unit + 1)) unit += 1;
  return `${Math.ceil(bytes / 1024 ** (unit + 1))}${units[unit]}`;
}
