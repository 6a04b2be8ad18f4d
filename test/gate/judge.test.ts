import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explainReason, judge, required } from '../../src/gate/index.ts';
import { type Expectation, type MetricName, type TierId } from '../../src/release/index.ts';
import { sealed } from '../rehearsal/made.ts';

function gated(expectation: Expectation) {
  const gate = { id: 'g', title: 'g', metric: 'ospa' as MetricName, expectation, before: 'one' as TierId };
  return sealed([], { gates: [gate] }).release;
}

test('a gate whose metric is unmet or was not measured is BLOCKED, any other is OPEN', () => {
  fc.assert(
    fc.property(fc.integer(), fc.option(fc.integer()), (atLeast, value) => {
      const metrics = value === null ? {} : { ospa: value };
      const { decision } = judge({ release: gated({ atLeast }), metrics, progress: 'greenfield' });
      expect(decision).toBe(value !== null && value >= atLeast ? 'OPEN' : 'BLOCKED');
    }),
  );
});

test('a reason says what was measured and what is needed, with every digit', () => {
  const say = (value: number, atLeast: number) => {
    const verdict = judge({ release: gated({ atLeast }), metrics: { ospa: value }, progress: 'greenfield' });
    return verdict.decision === 'BLOCKED' ? verdict.reasons.map(explainReason) : [];
  };
  expect(say(0, 1)).toEqual(['ospa = 0, needs ≥ 1']);
  expect(say(1234, 50_000)).toEqual(['ospa = 1,234, needs ≥ 50,000']);
  expect(say(0.9999, 1)).toEqual(['ospa = 0.9999, needs ≥ 1']);
});

test('a bound is written for people', () => {
  expect([{ equals: 0 }, { atLeast: 1 }, { atMost: 5 }, { atLeast: 1, atMost: 5 }].map(required)).toEqual([
    '= 0',
    '≥ 1',
    '≤ 5',
    '≥ 1 and ≤ 5',
  ]);
});
