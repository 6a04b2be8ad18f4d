import { OneRoofError, type Problem } from '../../core/index.ts';
import { measureMetric, readerOf, type Session } from '../../database/index.ts';
import { type Expectation, type Release } from '../../release/index.ts';
import { judgeInvariants, type MetricTime } from './invariants.ts';

/** What metrics are, how long each took, and what is wrong with them. */
export interface JudgedMetrics {
  readonly problems: readonly Problem[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly took: readonly MetricTime[];
}

/** Measures a release's metrics, and judges what is expected of them. */
export async function measureAndJudge(
  session: Session,
  release: Pick<Release, 'metrics'>,
  want: {
    readonly expected: Readonly<Record<string, Expectation>>;
    readonly when: string;
    readonly only?: 'expected';
  },
): Promise<JudgedMetrics> {
  const { expected, when } = want;
  const problems: Problem[] = [];
  const metrics: Record<string, number> = {};
  const took: MetricTime[] = [];
  for (const { name, query } of release.metrics) {
    // inside a tier's transaction a metric that fails would abort it, so only what is asked for is measured there
    if (want.only === 'expected' && !(name in expected)) continue;
    const begun = performance.now();
    try {
      metrics[name] = await measureMetric(readerOf(session), { name, sql: query.sql, place: query.place });
      took.push({ when, name, ms: performance.now() - begun });
    } catch (error) {
      if (!(error instanceof OneRoofError) || error.code === 'CONNECTION_LOST') throw error;
      if (name in expected) problems.push(...error.problems);
      // a metric may read what does not exist yet; inside a transaction the rest must wait for its end
      if (problems.length > 0) return { problems, metrics, took };
    }
  }
  return { problems: judgeInvariants(expected, metrics, when), metrics, took };
}
