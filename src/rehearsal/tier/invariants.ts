import { type Problem, stated } from '../../core/index.ts';
import { type Expectation, meets } from '../../release/index.ts';

/** How long a metric took, of the database `greenfield`, `finalized`, or in a tier. Milliseconds. */
export interface MetricTime {
  readonly when: string;
  readonly name: string;
  readonly ms: number;
}

/** Names each declared value that a measured metric misses. */
export function judgeInvariants(
  expected: Readonly<Record<string, Expectation>>,
  measured: Readonly<Record<string, number>>,
  when: string,
): readonly Problem[] {
  return Object.entries(expected).flatMap(([name, want]) => {
    const value = measured[name];
    if (value !== undefined && meets(value, want)) return [];
    return [
      {
        code: 'INVARIANT_VIOLATED' as const,
        ...stated`${{ moment: when }}: metric ${{ metric: name }} is ${{ value: value ?? 'not measured' }}, expected ${{ expected: explainExpectation(want) }}`,
        fix: `correct the release so that ${name} is as declared, or correct the invariant in release.yaml`,
      },
    ];
  });
}

function explainExpectation(want: Expectation): string {
  if (want.equals !== undefined) return String(want.equals);
  return [want.atLeast === undefined ? '' : `≥ ${want.atLeast}`, want.atMost === undefined ? '' : `≤ ${want.atMost}`]
    .filter((part) => part !== '')
    .join(' and ');
}
