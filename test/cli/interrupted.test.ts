import { expect, it } from 'vitest';
import { toldAfter } from '../../src/cli/interrupted.ts';
import { OneRoofError, stated } from '../../src/core/index.ts';

it('somebody who interrupts is told that it was cleaned up, but never of an outcome that is not known', () => {
  const stop = new AbortController();
  const other = new OneRoofError('CONNECTION_LOST', { ...stated`cut`, fix: 'again' });
  const unknown = new OneRoofError('ROLLOUT_UNKNOWN', { ...stated`waits`, fix: 'look' });
  const own = new OneRoofError('INTERRUPTED', { ...stated`the signatures are kept`, fix: 'again' });
  for (const error of [other, unknown, own]) expect(toldAfter(error, stop.signal)).toBe(error);
  stop.abort('cleaned up');
  expect(toldAfter(other, stop.signal)).toBe('cleaned up');
  for (const error of [unknown, own]) expect(toldAfter(error, stop.signal)).toBe(error);
});
