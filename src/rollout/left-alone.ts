import { batchOf, type Direction, type Tier } from '../release/index.ts';

/**
 * Whether a tier is left in a transaction of its own, which the record tells as steps 0 to 0: its steps ran outside of a transaction, or its last
 * one in batches. Its checks may read whole tables, and no row of a batch is locked meanwhile.
 */
export function isLeftAlone(tier: Tier, direction: Direction): boolean {
  return tier.transaction === 'outside' || batchOf(tier, direction, tier[direction].length) !== null;
}
