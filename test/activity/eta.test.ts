import { expect, it } from 'vitest';
import { type Instant } from '../../src/core/index.ts';
import { leftOf, rehearsedOf, stagesOf, tiersOf, waitingText, whereText } from '../../src/activity/index.ts';
import { rehearsalBody, stageBody, stepBody } from '../evidence-kinds/bodies.ts';

const course = [
  { part: 'one', ms: 1000 },
  { part: 'two', ms: 200 },
  { part: 'three', ms: 30 },
];

it('what is left is the rest of the present part and all later ones', () => {
  expect(leftOf(course, { part: 'one', forMs: 400 })).toBe(830);
  expect(leftOf(course, { part: 'two', forMs: 0 })).toBe(230);
});

it('a part that takes longer than before counts as nearly done, and an unknown one leaves it unknown', () => {
  expect(leftOf(course, { part: 'one', forMs: 99_000 })).toBe(230);
  expect(leftOf(course, { part: 'four', forMs: 0 })).toBeNull();
});

const body = rehearsalBody({
  stages: [
    stageBody('forward', {
      durationMs: 100,
      steps: [
        stepBody({ tier: '1-a', durationMs: 10 }),
        stepBody({ tier: '1-a', durationMs: 20 }),
        stepBody({ tier: '2-b', durationMs: 5 }),
      ],
    }),
    stageBody('back', { durationMs: 50, steps: [stepBody({ tier: '2-b', direction: 'down', durationMs: 4 })] }),
  ],
});

it('an estimate comes from a rehearsal that passed, and from no other', () => {
  const read = rehearsedOf(body);
  expect(read && stagesOf(read)).toEqual([
    { part: 'clone', ms: 7 },
    { part: 'forward', ms: 100 },
    { part: 'back', ms: 50 },
  ]);
  expect(read && tiersOf(read, 'up')).toEqual([
    { part: '1-a', ms: 30 },
    { part: '2-b', ms: 5 },
  ]);
  expect(read && tiersOf(read, 'down')).toEqual([{ part: '2-b', ms: 4 }]);
  for (const wrong of [null, {}, { ...body, outcome: 'failed' }, { ...body, stages: [{}] }])
    expect(rehearsedOf(wrong)).toBeNull();
});

it('where a command is, and who is waited for, is said in words', () => {
  expect(whereText({ stage: 'forward', tier: '1-a', step: { n: 1, of: 3, title: 'INSERT' } })).toBe(
    'forward, tier 1-a, statement 1 of 3: INSERT',
  );
  expect(whereText({ stage: null, tier: null, step: null })).toBe('beginning');
  expect(waitingText({ pid: 7, application: 'psql', relation: 'public.t', mode: 'AccessExclusiveLock' })).toBe(
    'session 7, psql: holds AccessExclusiveLock on public.t',
  );
  const open = { pid: 7, application: 'psql', relation: null, mode: null };
  expect(waitingText({ ...open, since: null })).toBe('session 7, psql, age unknown');
  const since = '2026-01-02T03:04:05Z' as Instant;
  expect(waitingText({ ...open, since })).toBe('session 7, psql, in a transaction since 2026-01-02T03:04:05Z');
  expect(waitingText({ pid: null, application: 'a prepared transaction', relation: null, mode: null })).toBe(
    'a prepared transaction',
  );
});
