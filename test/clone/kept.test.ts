import { expect, it } from 'vitest';
import { keptUnder, keptWith } from '../../src/clone/clone.ts';

it('keeps the newest reading of each topic beside a golden copy, also beside one that an older program kept', () => {
  const older = { name: 'schema 1', value: 'a' };
  expect(keptUnder(undefined, 'schema 1')).toBeNull();
  expect(keptUnder(older, 'schema 1')).toBe('a');
  const both = keptWith(older, { name: 'listing 1', value: 'b' });
  expect(keptUnder(both, 'schema 1')).toBe('a');
  expect(keptUnder(both, 'listing 1')).toBe('b');
  const newer = keptWith(both, { name: 'schema 2', value: 'c' });
  expect(newer).toHaveLength(2);
  expect(keptUnder(newer, 'schema 1')).toBeNull();
  expect(keptUnder(newer, 'schema 2')).toBe('c');
});
