import { expect, it } from 'vitest';
import { isTouched, meets } from '../../src/release/index.ts';

it('a value meets every bound of an expectation, and none where there is no bound', () => {
  expect(meets(1, { equals: 1 })).toBe(true);
  expect(meets(2, { equals: 1 })).toBe(false);
  expect([0, 1, 3, 5, 6].filter((value) => meets(value, { atLeast: 1, atMost: 5 }))).toEqual([1, 3, 5]);
  expect(meets(0, {})).toBe(false);
  expect(meets(Number.NaN, { atLeast: 0 })).toBe(false);
});

it('touches names a relation by both parts of its name, and a star ends a part', () => {
  const names = [
    ['public', 'orders'],
    ['public', 'orders.old'],
    ['public', 'order'],
    ['public2', 'orders'],
  ];
  const named = (...touches: string[]) =>
    names.filter((name) => isTouched(name, touches)).map((name) => name.join('/'));
  expect(named('public.orders')).toEqual(['public/orders']);
  expect(named('public.order*')).toEqual(['public/orders', 'public/orders.old', 'public/order']);
  expect(named('public*.orders')).toEqual(['public/orders', 'public2/orders']);
  expect(named('pub.ic.orders', 'p.*', 'orders')).toEqual([]);
  expect(named('*.*')).toHaveLength(4);
  expect(named()).toEqual([]);
});
