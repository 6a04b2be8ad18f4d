import { type Seat } from './documents.ts';

/** The highest level there is; the lowest is 1. */
export const highestLevel = 9;

/** A person who counts: at least one valid signature; `bound` if one of them is by a device-bound key. */
export interface Present {
  readonly level: number;
  readonly bound: boolean;
}

/** Two thresholds at which there are fewer persons than seats. */
export interface Shortage {
  /** Counted are seats of at least this level … */
  readonly level: number;
  /** … and seats for bound keys of at least this one. */
  readonly boundLevel: number;
  readonly seats: number;
  readonly persons: number;
}

/**
 * The first shortage that prevents different persons from filling the seats, or null if every seat can be filled.
 *
 * A person can fill a seat of at most their level, and one for a bound key only with such a key. So whoever can fill a seat can fill
 * every lower one of its kind, and a set of seats is served exactly by the persons with `level >= t or (bound and level >= u)`, t and u
 * being the lowest levels in it. Hall's theorem then asks for nothing but these counts. Thresholds of one level for all seats, and of
 * one for bound seats, are not enough: {4 any, 2 bound} would be filled by one person with a bound key of level 4 and one without of
 * level 2. In SQL, with level 10 for "none of this kind":
 *
 *   not exists (select from generate_series(1, 10) t, generate_series(1, 10) u
 *     where (select count(*) from present where level >= t or (bound and level >= u))
 *         < (select count(*) from seat where level >= t or (device = 'bound' and level >= u)))
 *
 * Source  P. Hall, On Representatives of Subsets, 1935; docs/FORMAT.md "Policy".
 */
export function findShortage(seats: readonly Seat[], present: readonly Present[]): Shortage | null {
  for (let level = highestLevel + 1; level >= 1; level -= 1)
    for (let boundLevel = level; boundLevel >= 1; boundLevel -= 1) {
      const wanted = seats.filter(
        (seat) => seat.level >= level || (seat.device !== 'any' && seat.level >= boundLevel),
      ).length;
      const there = present.filter(
        (person) => person.level >= level || (person.bound && person.level >= boundLevel),
      ).length;
      if (there < wanted) return { level, boundLevel, seats: wanted, persons: there };
    }
  return null;
}

/** Writes a shortage for people: `2 seats of level 4 or higher, 1 person there`. */
export function explainShortage({ level, boundLevel, seats, persons }: Shortage): string {
  const kinds = [
    ...(level > highestLevel ? [] : [`of level ${level} or higher`]),
    ...(boundLevel === level && level <= highestLevel ? [] : [`for a bound key of level ${boundLevel} or higher`]),
  ];
  return `${seats} ${seats === 1 ? 'seat' : 'seats'} ${kinds.join(' or ')}, ${persons} ${persons === 1 ? 'person' : 'persons'}`;
}

/** Writes a seat for people: `level 4, bound key`. */
export function explainSeat({ level, device }: Seat): string {
  return device === 'any' ? `level ${level}` : `level ${level}, ${device} key`;
}
