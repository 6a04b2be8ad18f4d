import {
  type Course,
  leftOf,
  type Rehearsed,
  type Reporter,
  tiersOf,
  type Waiting,
  waitingText,
} from '../activity/index.ts';
import { formatDuration, type Milliseconds, OneRoofError, printable } from '../core/index.ts';
import { type StatementDigest } from '../evidence/index.ts';
import { gateStage, requireNotBehind, rolloutStage, type RolloutWatch } from '../pipeline.io.ts';
import { type Direction, type Release, type Tier, type TierId } from '../release/index.ts';
import {
  asHeld,
  explainHeld,
  nextAct,
  openLookout,
  preflight,
  remaining,
  type RolloutEvent,
  type RolloutResult,
} from '../rollout/index.ts';
import { type Target } from '../setup/index.ts';
import { reported, tellRollout } from './activity.io.ts';
import { sameFor } from './next.ts';
import { sayUnheard } from './unheard.io.ts';
import { isLive, lookOf, type Outcome } from './output.io.ts';
import { eventText, planText, type RolloutCourse, rolloutLines, rolloutText } from './rollout-text.ts';
import { type Context } from './verb.ts';
import { openWork, targetFor, type Work } from './work.io.ts';

/** The work of `rollout` and `rollback`: a look first, then the tiers; exit 1 where it is held. */
export async function runRollout(context: Context, direction: Direction): Promise<Outcome> {
  const work = await openWork(context);
  const { setup, sealed } = work;
  const { terminal, options } = context;
  const target = targetFor(setup, context);
  const { executor } = target;
  if (executor === null)
    throw new OneRoofError('CONFIG_INVALID', {
      problem: `target ${target.name} names no executor`,
      fix: `add \`executor:\` to the target in ${setup.file}`,
    });
  const through = throughOf(sealed.release, options['through']);
  const named = typeof options['statement'] === 'string' ? (options['statement'] as StatementDigest) : null;
  const found = await preflight({ sealed, executor, direction, statement: named });
  for (const blocker of found.blockers) terminal.say(`would wait: ${printable(blocker)}`);
  const { statement: cycle, progress } = found;
  await sayUnheard(context, work, { kind: 'execution', target: target.name });
  if (cycle !== null) await requireNotBehind(work, { target: target.name, statement: cycle, progress });
  const wish = { release: sealed.release, direction, through };
  const act = found.statement === null ? null : nextAct(wish, found.progress);
  const isDry = options['dryRun'] === true;
  const plan = remaining(wish, found.progress).map(({ tier, from }) => ({
    tier: tier.id,
    steps: (direction === 'up' ? tier.up : tier.down)
      .map(({ title, digest }, index) => ({ n: index + 1, title, digest }))
      .slice(from - 1),
  }));
  // what is all done asks the gate for nothing; but not where another statement was named than the one that is in place
  const held = act?.act === 'nothing' && !found.mistaken ? null : asHeld(found.reasons);
  const facts = { direction, statement: found.statement, blockers: found.blockers };
  if (held !== null || found.statement === null || isDry) {
    const all = held ?? (found.statement === null ? found.reasons : act?.act === 'held' ? act.reasons : []);
    const reasons = all.map(explainHeld);
    const next =
      reasons.length > 0
        ? whenHeld(found.statement)
        : plan.length === 0
          ? direction === 'up'
            ? 'gate'
            : 'report'
          : direction === 'up'
            ? 'rollout'
            : 'rollback';
    return {
      exit: reasons.length > 0 ? 1 : 0,
      schema: 'oneroof/rollout/1',
      data: { ...facts, result: reasons.length > 0 ? 'held' : 'planned', reasons, plan },
      text: planText(isDry ? plan : [], reasons, lookOf('stdout')),
      next: sameFor(context, next),
    };
  }
  const { statement } = found;
  const activity = {
    ...work,
    kind: direction === 'up' ? 'rollout' : 'rollback',
    target: target.name,
    courseOf: (rehearsed: Rehearsed) => tiersOf(rehearsed, direction),
  } as const;
  return reported(context, activity, async (reporter, expected) => {
    const result = await followed(context, reporter, {
      ...work,
      expected,
      tiers: remaining(wish, found.progress).map(({ tier }) => tier),
      executor,
      target: target.name,
      statement,
      direction,
      through,
    });
    const looked = result.result !== 'nothing-to-do' && (await lookAfter(context, work, target));
    const reasons = result.result === 'held' ? result.reasons.map(explainHeld) : [];
    const text = rolloutText(result, lookOf('stdout'));
    // only a look at the gate shows that it is done
    const after = looked ? 'report' : 'gate';
    const next = sameFor(context, reasons.length === 0 ? after : whenHeld(statement));
    return {
      exit: reasons.length > 0 ? 1 : 0,
      schema: 'oneroof/rollout/1',
      data: { ...facts, ...result, ...(reasons.length > 0 ? { reasons } : {}), looked },
      text,
      next,
    };
  });
}

/** Reads the gate once more, so that the report speaks of the target as it is now; what was rolled out stays so where that fails. */
async function lookAfter({ terminal }: Context, { sealed, store }: Work, target: Target): Promise<boolean> {
  terminal.progress(`looking at ${target.name}`);
  const why = await gateStage({ sealed, store }, target).then(
    ({ rows }) => (rows.state === 'unread' ? rows.why : null),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (why !== null) terminal.say(`${printable(target.name)} could not be looked at afterwards: ${printable(why)}`);
  return why === null;
}

/** Where nothing was ratified people are missing; else the runbook says what each refusal means. */
function whenHeld(statement: StatementDigest | null): string {
  return statement === null ? 'ratify' : 'runbook';
}

/** Runs it, and tells the terminal and the board where it is and who is waited for. */
async function followed(
  context: Context,
  reporter: Reporter,
  plan: Work &
    Pick<RolloutWatch, 'executor' | 'target' | 'statement' | 'direction' | 'through'> & {
      readonly expected: Course | null;
      readonly tiers: readonly Tier[];
    },
): Promise<RolloutResult> {
  const { sealed, store, executor, target, statement, direction, through } = plan;
  const see = watcher(context, plan);
  const lookout = openLookout({
    executor,
    settings: sealed.release.settings,
    onWaiting: (waitingFor) => {
      reporter.tell({ waitingFor });
      see.waiting(waitingFor);
    },
    onTrouble: (why) => context.terminal.say(`who is waited for cannot be seen: ${printable(why)}`),
  });
  const onProgress = (event: RolloutEvent): void => {
    see.event(event);
    lookout.see(event);
    tellRollout(reporter, event, { sealed, direction });
  };
  const { signal } = context;
  try {
    return await rolloutStage(
      { sealed, store },
      { executor, target, statement, direction, through, signal, onProgress, onSession: lookout.watch },
    );
  } finally {
    await lookout.close();
  }
}

/** Shows on a terminal where a run is; else says each tier that is through, and who it waits for. */
function watcher(
  { terminal }: Context,
  of: { readonly tiers: readonly Tier[]; readonly direction: Direction; readonly expected: Course | null },
): { readonly event: (event: RolloutEvent) => void; readonly waiting: (waitingFor: readonly Waiting[]) => void } {
  const { tiers, direction, expected } = of;
  const begun = performance.now();
  let since = begun;
  let course: RolloutCourse = { over: [], now: { at: 'attempt', tier: null, step: null }, waitingFor: [] };
  terminal.progress((look) => {
    const now = performance.now();
    const { tier } = course.now;
    const leftMs =
      expected === null || tier === null
        ? null
        : leftOf(
            expected.filter(({ part }) => tiers.some(({ id }) => id === part)),
            { part: tier, forMs: now - since },
          );
    return rolloutLines(course, { tiers, direction, timing: { spentMs: now - begun, leftMs } }, look);
  });
  return {
    event: (event) => {
      const now = performance.now();
      const { over, now: before } = course;
      const isNext = event.tier !== before.tier;
      // a tier that runs statement by statement is committed many times: it is over when another one begins
      const done = isNext && before.tier !== null ? [...over, { tier: before.tier, ms: now - since }] : over;
      if (isNext) since = now;
      course = { ...course, now: event, over: done };
      const spent = formatDuration((now - begun) as Milliseconds);
      const line = [event.tier, eventText(event, { tiers }, direction), spent]
        .filter((part) => part !== null)
        .join('  ');
      if (event.at === 'retry' || event.at === 'uncertain' || (event.at === 'committed' && !isLive))
        terminal.say(printable(line));
    },
    waiting: (waitingFor) => {
      course = { ...course, waitingFor };
      if (!isLive) for (const one of waitingFor) terminal.say(printable(`waits for ${waitingText(one)}`));
    },
  };
}

function throughOf({ tiers }: Release, name: string | boolean | undefined): TierId | null {
  if (typeof name !== 'string') return null;
  const tier = tiers.find(({ id }) => id === name);
  if (tier !== undefined && tier.barred === null) return tier.id;
  throw new OneRoofError('USAGE', {
    problem: `--through ${printable(name)}: the release has no such tier, or it is barred`,
    fix: `name one of ${tiers
      .filter(({ barred }) => barred === null)
      .map(({ id }) => id)
      .join(', ')}`,
  });
}
