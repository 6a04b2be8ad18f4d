import { expect, test } from 'vitest';
import { onAbort } from '../../src/core/index.ts';

test('acts once: when the signal aborts, or at once where it has aborted', () => {
  const acts: string[] = [];
  const ending = new AbortController();
  onAbort(ending.signal, () => acts.push('later'));
  expect(acts).toEqual([]);
  ending.abort();
  onAbort(ending.signal, () => acts.push('at once'));
  ending.abort();
  expect(acts).toEqual(['later', 'at once']);
});

test('does not act once it has stopped listening, or without a signal', () => {
  const acts: string[] = [];
  const ending = new AbortController();
  onAbort(ending.signal, () => acts.push('heard'))();
  onAbort(undefined, () => acts.push('heard'))();
  ending.abort();
  expect(acts).toEqual([]);
});
