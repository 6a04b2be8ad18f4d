import { type ProductionSizes, readSizes } from '../check/index.ts';
import { databaseSide, withReading } from './compared-side.io.ts';
import { type Context } from './verb.ts';

/**
 * The sizes of the production that --against names; null: none is named.
 *
 * Errors  those of databaseSide and withReading.
 */
export async function sizesAgainst(context: Context): Promise<ProductionSizes | null> {
  const { against } = context.options;
  if (typeof against !== 'string') return null;
  const side = await databaseSide(context, against);
  return withReading(side, context.signal, (reading) => readSizes(reading, side.name));
}
