import { OneRoofError, type Problem } from '../core/index.ts';
import { measureMetric, readerOf, type Session } from '../database/index.ts';
import { type Expectation, type Release } from '../release/index.ts';
import { judgeInvariants } from './judge.ts';

/** Measures a release's metrics, adds them to what was measured, and judges what is expected of them. */
export async function measureAndJudge(
  session: Session,
  release: Pick<Release, 'metrics'>,
  want: {
    readonly expected: Readonly<Record<string, Expectation>>;
    readonly when: string;
    readonly measured: Record<string, number>;
    readonly only?: 'expected';
  },
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const { name, query } of release.metrics) {
    // inside a tier's transaction a metric that fails would abort it, so only what is asked for is measured there
    if (want.only === 'expected' && !(name in want.expected)) continue;
    try {
      want.measured[name] = await measureMetric(readerOf(session), { name, sql: query.sql, place: query.place });
    } catch (error) {
      if (!(error instanceof OneRoofError) || error.code === 'CONNECTION_LOST') throw error;
      if (name in want.expected) problems.push(...error.problems);
      // a metric may look at what is not there yet; inside a transaction the rest must wait for its end
      if (problems.length > 0) return problems;
    }
  }
  return judgeInvariants(want.expected, want.measured, want.when);
}
