import { expect, it } from 'vitest';
import { keep } from '../../src/core/index.ts';

/** A clock that is set by hand, and a reading that counts itself. */
function ground() {
  let [time, count] = [0, 0];
  return {
    clock: () => time,
    pass: (ms: number) => {
      time += ms;
    },
    read: async () => {
      count += 1;
      return count;
    },
    count: () => count,
  };
}

/** A reading that is answered by hand. */
function slow<T>() {
  const hands: { answer?: (given: T) => void; fail?: (error: Error) => void } = {};
  const value = new Promise<T>((answer, fail) => void Object.assign(hands, { answer, fail }));
  return {
    read: () => value,
    answer: (given: T) => hands.answer?.(given),
    fail: () => hands.fail?.(new Error('nothing answers')),
  };
}

it('all who ask while something is read share one reading', async () => {
  const { read, count } = ground();
  const kept = keep<number>({ lifetime: 0 });
  expect(await Promise.all([kept.of('a', read), kept.of('a', read), kept.of('a', read)])).toEqual([1, 1, 1]);
  expect(await Promise.all([kept.of('a', read), kept.of('b', read)])).toEqual([2, 3]);
  expect(count()).toBe(3);
});

it('an answer serves for its lifetime, which begins when it is there', async () => {
  const { clock, pass, read } = ground();
  const kept = keep<number>({ lifetime: 1000, clock });
  const first = slow<number>();
  const asked = kept.of('a', first.read);
  pass(5000);
  first.answer(7);
  expect(await asked).toBe(7);
  pass(999);
  expect(await kept.of('a', read)).toBe(7);
  pass(1);
  expect(await kept.of('a', read)).toBe(1);
});

it('an answer may say itself how long it serves; with 0 it is only shared, and takes the one before it away', async () => {
  const { clock, pass } = ground();
  const kept = keep<string>({ lifetime: (value) => (value === 'long' ? 5000 : value === 'short' ? 1000 : 0), clock });
  await kept.of('a', async () => 'long');
  await kept.of('b', async () => 'short');
  pass(2000);
  const now = async () => 'none';
  expect([await kept.of('a', now), await kept.of('b', now)]).toEqual(['long', 'none']);
  expect([kept.has('a'), kept.has('b')]).toEqual([true, false]);
});

it('an error reaches all who share the reading, and is not kept', async () => {
  const { read } = ground();
  const kept = keep<number>({ lifetime: 1000 });
  const broken = slow<number>();
  const asked = Promise.allSettled([kept.of('a', broken.read), kept.of('a', broken.read)]);
  broken.fail();
  expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await kept.of('a', read)).toBe(1);
});

it('what is forgotten is read again, and a reading that began before is neither joined nor kept', async () => {
  const { read } = ground();
  const kept = keep<number>({ lifetime: 1000 });
  const before = slow<number>();
  const asked = kept.of('a', before.read);
  kept.forget('a');
  expect(await kept.of('a', read)).toBe(1);
  before.answer(7);
  expect(await asked).toBe(7);
  expect(await kept.of('a', read)).toBe(1);
  await kept.of('b', read);
  kept.forget('a');
  expect([kept.has('a'), kept.has('b')]).toEqual([false, true]);
  kept.forget();
  expect(kept.has('b')).toBe(false);
});

it('under another mark nothing that was kept or is being read counts', async () => {
  const { read } = ground();
  const kept = keep<number>({ lifetime: 1000 });
  expect(await kept.of('a', read, 'head 1')).toBe(1);
  expect(await kept.of('a', read, 'head 1')).toBe(1);
  const old = slow<number>();
  const asked = kept.of('a', old.read, 'head 2');
  expect(await kept.of('a', read, 'head 3')).toBe(2);
  old.answer(7);
  await asked;
  expect(await kept.of('a', read, 'head 3')).toBe(2);
});

it('of too many keys the one that was read longest ago is forgotten; readings push none out', async () => {
  const kept = keep<number>({ lifetime: 1000, most: 2 });
  for (const key of ['a', 'b', 'a', 'c']) {
    if (key === 'a') kept.forget('a');
    await kept.of(key, async () => 1);
  }
  expect(['a', 'b', 'c'].map((key) => kept.has(key))).toEqual([true, false, true]);
  const hanging = Array.from({ length: 10 }, (_, n) => kept.of(`guess ${n}`, () => new Promise<number>(() => {})));
  expect(['a', 'c'].map((key) => kept.has(key))).toEqual([true, true]);
  expect(hanging).toHaveLength(10);
});

it('a reading that hangs keeps nobody who comes much later', async () => {
  const { clock, pass, read } = ground();
  const kept = keep<number>({ lifetime: 1000, clock });
  void kept.of('a', () => new Promise<number>(() => {}));
  pass(31_000);
  expect(await kept.of('a', read)).toBe(1);
});
