import fc from 'fast-check';
import { expect, test } from 'vitest';
import { count } from '../counts.ts';
import { explainShortage, findShortage, type Present, type Seat } from '../../src/people/index.ts';

const anySeat = fc.record({ level: fc.integer({ min: 1, max: 9 }), device: fc.constantFrom('any', 'bound') });
const anyPerson = fc.record({ level: fc.integer({ min: 1, max: 9 }), bound: fc.boolean() });
const few = fc.record({
  seats: fc.array(anySeat, { maxLength: 5 }),
  persons: fc.array(anyPerson, { maxLength: 6 }),
}) as fc.Arbitrary<{ seats: Seat[]; persons: Present[] }>;

/** Every way to put different persons into the seats, tried one after the other. */
function canFill(seats: readonly Seat[], persons: readonly Present[]): boolean {
  const [seat, ...rest] = seats;
  if (seat === undefined) return true;
  return persons.some(
    (person, index) =>
      person.level >= seat.level &&
      (seat.device === 'any' || person.bound) &&
      canFill(
        rest,
        persons.filter((_, other) => other !== index),
      ),
  );
}

test('seats are filled exactly where some way of placing different persons fills them', () => {
  let filled = 0;
  fc.assert(
    fc.property(few, ({ seats, persons }) => {
      const expected = canFill(seats, persons);
      filled += expected && seats.length > 1 ? 1 : 0;
      expect(findShortage(seats, persons) === null).toBe(expected);
    }),
    { numRuns: count('seats') },
  );
  expect(filled).toBeGreaterThan(100);
});

test('levels and bound keys that suffice each by itself do not suffice where one person has to stand for both', () => {
  const seats: Seat[] = [
    { level: 4, device: 'any' },
    { level: 2, device: 'bound' },
  ];
  const one: Present[] = [
    { level: 4, bound: true },
    { level: 2, bound: false },
  ];
  // what each threshold by itself counts: 1 of level 4, 2 of level 2, 1 with a bound key of level 2
  for (const level of [2, 4])
    expect(one.filter((person) => person.level >= level).length).toBeGreaterThanOrEqual(
      seats.filter((seat) => seat.level >= level).length,
    );
  expect(findShortage(seats, one)).toEqual({ level: 4, boundLevel: 2, seats: 2, persons: 1 });
  expect(findShortage(seats, [one[0]!, { level: 2, bound: true }])).toBeNull();
});

test('a further person never takes a seat away', () => {
  fc.assert(
    fc.property(few, anyPerson, ({ seats, persons }, further) => {
      if (findShortage(seats, persons) === null) expect(findShortage(seats, [...persons, further])).toBeNull();
    }),
  );
});

test('a shortage says how many seats and how many persons', () => {
  const seats: Seat[] = [{ level: 4, device: 'bound' }];
  const said = (persons: Present[]) => {
    const shortage = findShortage(seats, persons);
    return shortage === null ? null : explainShortage(shortage);
  };
  expect(said([])).toBe('1 seat for a bound key of level 4 or higher, 0 persons');
  expect(said([{ level: 9, bound: false }])).toContain('0 persons');
  expect(said([{ level: 4, bound: true }])).toBeNull();
});
