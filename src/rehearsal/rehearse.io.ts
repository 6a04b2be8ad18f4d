import { type Clone } from '../clone/index.ts';
import { now, OneRoofError } from '../core/index.ts';
import { dispatchOf } from './dispatch.ts';
import { tryOption } from './option.io.ts';
import { type RehearsedAs } from './role.ts';
import { readRole } from './role.io.ts';
import { unknownTimezone } from './timezone.io.ts';
import { type OptionTrial, type Rehearsal, type RehearsalOptions } from './rehearsal.ts';
import { Run } from './stages.io.ts';
import { interrupted } from './refused.ts';

// long enough to look at a failed clone in the morning
const keepHours = 24;

/**
 * Rehearses a release on a fresh clone: forward, back, proof, and all of it again. A NO-GO is a value; a failed clone is kept.
 *
 * Errors  REHEARSAL_NO_GOLDEN, CLONE_GONE, INTERRUPTED (the clone is dropped).
 */
export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const { host, release: sealed } = options;
  const startedAt = now();
  const golden = await host.golden();
  if (golden === null)
    throw new OneRoofError('REHEARSAL_NO_GOLDEN', {
      problem: 'there is no golden copy to rehearse on',
      fix: 'run `oneroof clone` first',
    });
  if (options.signal?.aborted === true) throw interrupted();
  options.onProgress?.({ stage: 'clone', state: 'started' });
  const clone = await host.makeClone({
    purpose: `rehearsal of ${sealed.release.name}`,
    owner: options.owner,
    hours: 4,
  });
  options.onProgress?.({ stage: 'clone', state: 'passed' });
  const { run, role } = await runOn(clone, options).catch(async (error: unknown) => {
    // what cannot be decided leaves nothing behind; the first error is the one to tell
    await host.drop(clone.lease.database).catch((cause: unknown) => cause);
    throw error;
  });
  const failed = run.stages.some((stage) => stage.outcome === 'failed');
  let dropMs: number | null = null;
  const { keep = 'failed' } = options;
  const isKept = keep === 'always' || (failed && keep === 'failed');
  if (isKept) await host.keep(clone.lease.database, keepHours);
  else {
    const start = performance.now();
    await host.drop(clone.lease.database);
    dropMs = performance.now() - start;
  }
  const trials = role === null ? [] : await tryOptions(run.options);
  const chosen = trials.flatMap((trial) => {
    const option = sealed.release.options.find((one) => one.id === trial.option);
    return option?.decision === 'chosen' && trial.outcome !== 'compatible'
      ? [
          {
            code: 'OPTION_COLLIDES' as const,
            problem: `option ${trial.option} is chosen, and ${trial.outcome}: ${trial.problems[0]?.problem ?? ''}`,
            fix: 'correct the option, or its decision in release.yaml',
          },
        ]
      : [];
  });
  const problems = [...run.stages.flatMap((stage) => stage.problems), ...chosen];
  return {
    version: 1,
    release: sealed.release.name,
    seal: sealed.seal,
    outcome: problems.length === 0 ? 'passed' : 'failed',
    startedAt,
    endedAt: now(),
    serverVersion: golden.source.serverVersion,
    golden,
    clone: {
      method: clone.method,
      durationMs: clone.durationMs,
      dropMs,
      kept: isKept ? host.howToConnect(clone.lease.database) : null,
    },
    role,
    stages: run.stages,
    proof: run.proof,
    boundaries: [...(run.boundaries?.results.values() ?? [])],
    stops: run.stops,
    gateSchema: run.gateSchema,
    schemaBefore: run.schemaBefore,
    changes: run.changes,
    twin: run.twin,
    idempotent: run.idempotent,
    repeatable: run.repeatable,
    touched: run.touched,
    barred: sealed.release.tiers.filter((tier) => tier.barred !== null).map((tier) => tier.id),
    options: trials,
    dispatch: dispatchOf(
      { declared: sealed.release.allows['dispatch'] ?? null, network: clone.network },
      { steps: run.stages.flatMap((stage) => stage.steps), notifications: run.notifications },
    ),
    leftovers: run.leftovers,
    noticed: run.noticed,
    problems,
  };
}

/** Runs all stages as the role that a rollout has. */
async function runOn(
  clone: Clone,
  options: RehearsalOptions,
): Promise<{ readonly run: Run; readonly role: RehearsedAs | null }> {
  const { release } = options.release;
  const { role, problems } = await readRole(clone.connection, release.settings.role);
  const settings = { ...release.settings, role: role === null || role.from === 'administrator' ? null : role.name };
  const run = new Run({ ...options, release: { ...options.release, release: { ...release, settings } } }, clone);
  const unknown = await unknownTimezone(clone.connection, settings.timezone);
  await run.all([...problems, ...unknown]).finally(() => run.close());
  return { run, role: unknown.length > 0 ? null : role };
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
