import { type Clone } from '../clone/index.ts';
import { now, OneRoofError, stated } from '../core/index.ts';
import { type Ground, perform, withGround } from './acts/index.ts';
import {
  andSeen,
  isPossible,
  type PlannedAct,
  planOf,
  type RecordByNow,
  type Rehearsal,
  rehearsalOf,
  unseen,
  withAct,
} from './record/index.ts';
import { type RehearsalOptions } from './request/index.ts';
import { readRole, rehearsalInterrupted, type RehearsedAs, sessionRole, unknownTimezone } from './session/index.ts';
import { type OptionTrial, tryOption } from './trials/index.ts';

// long enough to inspect a failed clone in the morning
const keepHours = 24;

/**
 * Rehearses a release on a fresh clone: forward, back, proof, and all of it again. A NO-GO is a value; a failed clone is kept.
 *
 * Errors  REHEARSAL_NO_GOLDEN, CLONE_GONE, INTERRUPTED (the clone is dropped).
 */
export async function rehearse(given: RehearsalOptions): Promise<Rehearsal> {
  const { host, release: sealed } = given;
  const startedAt = now();
  const golden = await host.golden();
  if (golden === null)
    throw new OneRoofError('REHEARSAL_NO_GOLDEN', {
      ...stated`there is no golden copy to rehearse on`,
      fix: 'run `oneroof clone golden` first',
    });
  // that a clone of a service has the blocks of the golden copy is the service's word: all is compared
  const options: RehearsalOptions = golden.provider === 'exec' ? { ...given, full: true } : given;
  if (options.signal?.aborted === true) throw rehearsalInterrupted();
  options.onProgress?.({ stage: 'clone', state: 'started' });
  const clone = await host.makeClone({
    purpose: `rehearsal of ${sealed.release.name}`,
    owner: options.owner,
    hours: 4,
  });
  options.onProgress?.({ stage: 'clone', state: 'passed' });
  const run = await runOn(clone, options).catch(async (error: unknown) => {
    // after an error nothing may remain; the first error is reported
    await host.drop(clone.lease.database).catch((cause: unknown) => cause);
    throw error;
  });
  const { record, role, digests } = run;
  const failed = record.stages.some((stage) => stage.outcome === 'failed');
  const { dropMs, kept } = await leave(clone, options, failed);
  const trials = role === null ? [] : await tryOptions(run.options);
  const { production } = options;
  return rehearsalOf(record, {
    sealed,
    golden,
    network: clone.network,
    digests,
    trials,
    around: {
      startedAt,
      endedAt: now(),
      ...(production === undefined ? {} : { production }),
      clone: { method: clone.method, durationMs: clone.durationMs, dropMs, kept },
      role,
    },
  });
}

/** Drops the clone, or keeps it for a person to look at. */
async function leave(
  { lease: { database } }: Clone,
  { host, keep = 'failed' }: RehearsalOptions,
  failed: boolean,
): Promise<Pick<Rehearsal['clone'], 'dropMs' | 'kept'>> {
  if (keep === 'always' || (failed && keep === 'failed')) {
    await host.keep(database, keepHours);
    return { dropMs: null, kept: host.howToConnect(database) };
  }
  const start = performance.now();
  await host.drop(database);
  return { dropMs: performance.now() - start, kept: null };
}

/** What the acts on a clone came to. */
interface Run {
  readonly record: RecordByNow;
  readonly digests: Ground['digests'];
  /** With the role that the release ran as. */
  readonly options: RehearsalOptions;
  /** Null where it did not run. */
  readonly role: RehearsedAs | null;
}

/** Does what is planned, as the role that a rollout has. */
async function runOn(clone: Clone, given: RehearsalOptions): Promise<Run> {
  const { release } = given.release;
  const { role, problems } = await readRole(clone.connection, release.settings.role);
  const settings = { ...release.settings, role: sessionRole(role) };
  const options = { ...given, release: { ...given.release, release: { ...release, settings } } };
  const unknown = await unknownTimezone(clone.connection, settings.timezone);
  const refused = [...problems, ...unknown];
  return await withGround(clone, options, async (ground) => {
    const { digests } = ground;
    const plan = planOf(ground.release, { refused, hasGate: digests.gate !== null });
    const record = await runPlan(ground, plan);
    return { record, digests, options, role: unknown.length > 0 ? null : role };
  });
}

/** Does one act after the other, as far as each is possible after what was seen before it. */
async function runPlan(ground: Ground, plan: readonly PlannedAct[]): Promise<RecordByNow> {
  const { onProgress } = ground.options;
  let record: RecordByNow = { stages: [], seen: andSeen(unseen, { found: { noticed: ground.first.noticed } }) };
  for (const act of plan) {
    if (!isPossible(act, { isStuck: record.seen.isStuck, stages: record.stages })) continue;
    const { stage, work } = act;
    if (stage !== null) onProgress?.({ stage, state: 'started' });
    const start = performance.now();
    const seen = await perform(ground, work, record.seen);
    record = withAct(record, act, { seen, durationMs: performance.now() - start });
    if (stage !== null) onProgress?.({ stage, state: seen.problems.length === 0 ? 'passed' : 'failed' });
  }
  return record;
}

/** Tries every option that has SQL. A trial that breaks is a trial that fails: the record of the rehearsal is not lost with it. */
async function tryOptions(options: RehearsalOptions): Promise<readonly OptionTrial[]> {
  const { host, owner, signal, release } = options;
  const trials: OptionTrial[] = [];
  for (const option of release.release.options.filter((one) => one.up.length > 0)) {
    const start = performance.now();
    try {
      trials.push(await tryOption({ release, option, host, owner, signal }));
    } catch (error) {
      if (!(error instanceof OneRoofError) || error.code === 'INTERRUPTED') throw error;
      const { id } = option;
      trials.push({ option: id, outcome: 'fails', problems: error.problems, durationMs: performance.now() - start });
    }
  }
  return trials;
}
