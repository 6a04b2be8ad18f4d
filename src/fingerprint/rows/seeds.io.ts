import { randomBytes } from 'node:crypto';

/** Draws two seeds of hashes that no one knew before: 64-bit integers as text. */
export function drawSeeds(): readonly [string, string] {
  const seed = (): string => randomBytes(8).readBigInt64BE().toString();
  return [seed(), seed()];
}
