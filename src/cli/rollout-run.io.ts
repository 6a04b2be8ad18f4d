import { formatDuration, type Milliseconds, OneRoofError, printable } from '../core/index.ts';
import { type StatementDigest } from '../evidence/index.ts';
import { rolloutStage, type RolloutWatch } from '../pipeline.io.ts';
import { type Direction, type Release, type TierId } from '../release/index.ts';
import {
  asHeld,
  nextAct,
  openLookout,
  preflight,
  remaining,
  type RolloutEvent,
  type RolloutResult,
} from '../rollout/index.ts';
import { type Outcome } from './output.io.ts';
import { type Context } from './verb.ts';
import { openWork, targetFor, type Work } from './work.io.ts';
import { type Rehearsed, type Reporter, tiersOf, waitingText } from '../activity/index.ts';
import { reported, tellRollout } from './activity.io.ts';

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
  const wish = { release: sealed.release, direction, through };
  const act = found.statement === null ? null : nextAct(wish, found.progress);
  const isDry = options['dryRun'] === true;
  const plan = remaining(wish, found.progress).map(({ tier, from }) => ({
    tier: tier.id,
    steps: (direction === 'up' ? tier.up : tier.down)
      .map(({ title, digest }, index) => ({ n: index + 1, title, digest }))
      .slice(from - 1),
  }));
  const held = act?.act === 'nothing' ? null : asHeld(found.reasons);
  const facts = { direction, statement: found.statement, blockers: found.blockers };
  if (held !== null || found.statement === null || isDry) {
    const reasons = held ?? (found.statement === null ? found.reasons : act?.act === 'held' ? act.reasons : []);
    const lines = isDry
      ? plan.flatMap(({ tier, steps }) => [tier, ...steps.map(({ n, title }) => `  ${n}. ${title}`)])
      : [];
    return {
      exit: reasons.length > 0 ? 1 : 0,
      schema: 'oneroof/rollout/1',
      data: { ...facts, result: reasons.length > 0 ? 'held' : 'planned', reasons, plan },
      text: [
        ...lines,
        ...reasons.map((reason) => `BLOCKED ${printable(reason)}`),
        ...(lines.length === 0 && reasons.length === 0 ? ['nothing to do'] : []),
      ].join('\n'),
    };
  }
  const { statement } = found;
  const activity = {
    ...work,
    kind: direction === 'up' ? 'rollout' : 'rollback',
    target: target.name,
    courseOf: (rehearsed: Rehearsed) => tiersOf(rehearsed, direction),
  } as const;
  return reported(context, activity, async (reporter) => {
    const result = await followed(context, reporter, {
      ...work,
      executor,
      target: target.name,
      statement,
      direction,
      through,
    });
    const reasons = result.result === 'held' ? result.reasons : [];
    const text = textOf(result);
    return { exit: reasons.length > 0 ? 1 : 0, schema: 'oneroof/rollout/1', data: { ...facts, ...result }, text };
  });
}

/** Runs it, and tells the terminal and the board where it is and who is waited for. */
async function followed(
  context: Context,
  reporter: Reporter,
  plan: Work & Pick<RolloutWatch, 'executor' | 'target' | 'statement' | 'direction' | 'through'>,
): Promise<RolloutResult> {
  const { sealed, store, executor, target, statement, direction, through } = plan;
  const lookout = openLookout({
    executor,
    settings: sealed.release.settings,
    onWaiting: (waitingFor) => {
      reporter.tell({ waitingFor });
      for (const one of waitingFor) context.terminal.say(printable(`waits for ${waitingText(one)}`));
    },
    onTrouble: (why) => context.terminal.say(`who is waited for cannot be seen: ${printable(why)}`),
  });
  const tell = teller(context, { release: sealed.release, direction });
  const onProgress = (event: RolloutEvent): void => {
    tell(event);
    lookout.see(event);
    tellRollout(reporter, event, { sealed, direction });
  };
  const { signal } = context;
  try {
    return await rolloutStage(
      { sealed, store },
      { executor, target, statement, direction, through, signal, onProgress },
    );
  } finally {
    await lookout.close();
  }
}

function textOf(result: RolloutResult): string {
  if (result.result === 'nothing-to-do') return 'nothing to do';
  const done = result.tiers.map((tier) => `done    ${tier}`);
  return [...done, ...(result.result === 'held' ? result.reasons.map((why) => `BLOCKED ${printable(why)}`) : [])].join(
    '\n',
  );
}

/** Says where a run is: the tier, the statement and how many there are, and the time since the run began. */
function teller(
  { terminal }: Context,
  { release, direction }: { readonly release: Release; readonly direction: Direction },
): (event: RolloutEvent) => void {
  const began = performance.now();
  return ({ at, tier, step }) => {
    const steps = release.tiers.find(({ id }) => id === tier)?.[direction].length;
    const what = at === 'step' ? `statement ${step} of ${steps}` : step === null ? at : `${at} ${step}`;
    const spent = formatDuration((performance.now() - began) as Milliseconds);
    const line = [tier, what, spent].filter((part) => part !== null).join('  ');
    if (at === 'committed' || at === 'retry') terminal.say(line);
    else terminal.progress(line);
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
