import { type CloneHost } from '../clone/index.ts';
import { OneRoofError, type Problem } from '../core/index.ts';
import { measureMetric, readerOf, type Session } from '../database/index.ts';
import { type Option, type SealedRelease } from '../release/index.ts';
import { judgeInvariants } from './judge.ts';
import { type OptionTrial } from './rehearsal.ts';
import { refused } from './refused.ts';
import { roleOf, withReleaseSession } from './release-session.io.ts';
import { runChecks, runTier } from './tier.io.ts';

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
  const { option, host, owner } = options;
  const { release } = options.release;
  const start = performance.now();
  const clone = await host.makeClone({ purpose: `option ${option.id} of ${release.name}`, owner, hours: 1 });
  try {
    const found = await withReleaseSession(
      clone.connection,
      { settings: release.settings, signal: options.signal },
      (session) => tried(session, options),
    );
    return { option: option.id, ...found, durationMs: performance.now() - start };
  } finally {
    await host.drop(clone.lease.database);
  }
}

async function tried(session: Session, options: TrialOptions): Promise<Pick<OptionTrial, 'outcome' | 'problems'>> {
  const { release } = options.release;
  for (const step of options.option.up) {
    try {
      await session.run(step.sql);
    } catch (error) {
      return { outcome: 'fails', problems: [refused(error, step, roleOf(session))] };
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
