import { OneRoofError, stated } from '../core/index.ts';
import { type Context } from './verb.ts';

/**
 * How long a ratification is to be valid, where the command says it.
 *
 * Units   hours; null: as long as the policy allows, and at most eight.
 * Errors  USAGE.
 */
export function hoursOf({ options }: Context): number | null {
  if (options['hours'] === undefined) return null;
  const hours = Number(options['hours']);
  if (!(hours > 0)) throw new OneRoofError('USAGE', { ...stated`--hours is not a number of hours`, fix: '--hours 4' });
  return hours;
}
