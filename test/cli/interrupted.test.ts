import { expect, it } from 'vitest';
import { toldAfter } from '../../src/cli/interrupted.ts';
import { OneRoofError } from '../../src/core/index.ts';

it('somebody who interrupts is told that it was cleaned up, but never of an outcome that is not known', () => {
  const stop = new AbortController();
  const other = new OneRoofError('CONNECTION_LOST', { problem: 'cut', fix: 'again' });
  const unknown = new OneRoofError('ROLLOUT_UNKNOWN', { problem: 'waits', fix: 'look' });
  for (const error of [other, unknown]) expect(toldAfter(error, stop.signal)).toBe(error);
  stop.abort('cleaned up');
  expect(toldAfter(other, stop.signal)).toBe('cleaned up');
  expect(toldAfter(unknown, stop.signal)).toBe(unknown);
});
