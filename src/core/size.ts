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
