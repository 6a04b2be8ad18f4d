import { type CloneHost } from '../../clone/index.ts';
import { OneRoofError, type Problem } from '../../core/index.ts';
import { measureMetric, readerOf, type Session } from '../../database/index.ts';
import { type Option, type SealedRelease } from '../../release/index.ts';
import { withOwnClone } from '../comparison/index.ts';
import { requirementRefused, roleOf, withReleaseSession } from '../session/index.ts';
import { judgeInvariants, runChecks, runTier } from '../tier/index.ts';
import { type OptionTrial } from './option-trial.ts';

/** What the trial of an option needs. */
export interface TrialOptions {
  readonly release: SealedRelease;
  readonly option: Option;
  readonly host: CloneHost;
  readonly owner: string;
  readonly signal?: AbortSignal | undefined;
}

/** Applies an option to a fresh clone, then the release's own preflight and tiers: what collides is its rejection. */
export async function tryOption(options: TrialOptions): Promise<OptionTrial> {
  const { option, signal } = options;
  const { name, settings } = options.release.release;
  const start = performance.now();
  return await withOwnClone(options, { purpose: `option ${option.id} of ${name}`, hours: 1 }, async (clone) => {
    const found = await withReleaseSession(clone.connection, { settings, signal }, (session) =>
      tried(session, options),
    );
    return { option: option.id, ...found, durationMs: performance.now() - start };
  });
}

async function tried(session: Session, options: TrialOptions): Promise<Pick<OptionTrial, 'outcome' | 'problems'>> {
  const { release } = options.release;
  for (const step of options.option.up) {
    try {
      await session.run(step.sql);
    } catch (error) {
      return { outcome: 'fails', problems: [requirementRefused(error, step, roleOf(session))] };
    }
  }
  const problems: Problem[] = [];
  const measured: Record<string, number> = {};
  const expected = { ...release.invariants.always, ...release.invariants.greenfield };
  for (const { name, query } of release.metrics) {
    try {
      measured[name] = await measureMetric(readerOf(session), { name, sql: query.sql, place: query.place });
    } catch (error) {
      if (!(error instanceof OneRoofError)) throw error;
      if (name in expected) problems.push(...error.problems);
    }
  }
  problems.push(...judgeInvariants(expected, measured, 'preflight'));
  for (const tier of problems.length === 0 ? release.tiers : []) {
    const before = (): Promise<readonly Problem[]> => runChecks(session, tier);
    const run = await runTier(session, { tier, direction: 'up', before, limits: null });
    problems.push(...run.problems);
    if (run.problems.length > 0) break;
  }
  return { outcome: problems.length === 0 ? 'compatible' : 'collides', problems };
}
