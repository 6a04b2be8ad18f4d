import { type PassedRehearsal, type Reporter, tiersOf, type TimedParts } from '../activity/index.ts';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { type Connection } from '../database/index.ts';
import { ofKind, type StatementDigest } from '../evidence/index.ts';
import { type Recorder } from '../evidence-kinds/index.ts';
import { gateStage, rolloutStage, type RolloutWatch } from '../pipeline.io.ts';
import { type Direction, type Release, type Tier, type TierId } from '../release/index.ts';
import {
  countDropped,
  defaultPatience,
  droppedBy,
  type DroppedRows,
  explainDropped,
  openLookout,
  type Preflight,
  preflight,
  remaining,
  type RolloutEvent,
  type RolloutResult,
  type Verdict,
  waitingFor,
  watchReplicas,
} from '../rollout/index.ts';
import { type Target } from '../setup/index.ts';
import { afterSteps, afterText } from './after.ts';
import { reported, tellRollout } from './activity.io.ts';
import { heldData, verdictFindings } from './finding.ts';
import { type TypedLine } from './next-of.ts';
import { typedOf } from './typed-line.ts';
import { sameFor } from './next-command.ts';
import { lookOf, type CommandOutcome } from './output.io.ts';
import { sayKept, whenAlone, withRecord } from './rollout-record.io.ts';
import { addressLines } from './address-lines.ts';
import { planText, rolloutText } from './rollout-text.ts';
import { rolloutView } from './rollout-view.io.ts';
import { type Context } from './verb.ts';
import { openWork, targetFor, type ReleaseTools } from './work.io.ts';

/** The work of `rollout` and `rollback`: a reading first, then the tiers; exit 1 where it is held. */
export async function runRollout(context: Context, direction: Direction): Promise<CommandOutcome> {
  const work = await openWork(context);
  const { setup, sealed } = work;
  const { terminal, options } = context;
  const target = targetFor(setup, context);
  const { executor } = target;
  if (executor === null)
    throw new OneRoofError('CONFIG_INVALID', {
      ...stated`target ${{ target: target.name }} names no executor`,
      fix: `add \`executor:\` to the target in ${setup.file}`,
    });
  const through = throughOf(sealed.release, options['through']);
  const named = typeof options['statement'] === 'string' ? (options['statement'] as StatementDigest) : null;
  const wish = { release: sealed.release, direction, through };
  const isDry = options['dryRun'] === true;
  const look = (): Promise<Preflight> =>
    preflight({
      sealed,
      executor,
      direction,
      through,
      statement: named,
      patience: isDry ? 0 : defaultPatience.budget,
      onWaiting: (all) => terminal.progress(`waits: ${printable(all.join('; '))}`),
    });
  const seen = await whenAlone(context, await look(), { wish, executor, look });
  const { found, recorder } = await withRecord(context, work, { seen, target: target.name, direction, look });
  const { verdict, blockers, attempt } = found;
  for (const blocker of blockers) terminal.say(`would wait: ${printable(blocker)}`);
  const { statement, progress } = verdict;
  const plan = remaining(wish, progress).map(({ tier, from }) => ({
    tier: tier.id,
    steps: tier[direction].map(({ title, digest }, index) => ({ n: index + 1, title, digest })).slice(from - 1),
  }));
  const drops = direction === 'down' ? await sayDrops(context, work, { target, plan }) : [];
  const typed = typedOf(context);
  const facts = {
    target: target.name,
    direction,
    statement,
    blockers,
    drops,
    verdict: verdictFindings(verdict, typed),
  };
  // what nothing is left of may be so only until another attempt commits
  const isRunning = isDry && attempt !== null && remaining(wish, progress).length === 0;
  const told = isRunning ? waitingFor(verdict, attempt) : verdict;
  const isHeld = isRunning || (verdict.decision === 'NO-GO' && verdict.runs.length === 0);
  if (isHeld || statement === null || recorder === null || isDry) {
    const { reasons } = told;
    const layout = lookOf('stdout');
    return {
      exit: reasons.length > 0 ? 1 : 0,
      schema: 'oneroof/rollout/2',
      data: { ...facts, result: reasons.length > 0 ? 'held' : 'planned', ...heldData(told.reasons, typed), plan },
      text: [planText(isDry ? plan : [], told, layout), ...addressLines(told.reasons, executor, layout)].join('\n'),
      next: sameFor(context, nextAfter(told)),
    };
  }
  const activity = {
    ...work,
    kind: direction === 'up' ? 'rollout' : 'rollback',
    target: target.name,
    courseOf: (rehearsed: PassedRehearsal) => tiersOf(rehearsed, direction),
  } as const;
  return reported(context, activity, async (reporter, expected) => {
    const result = await followed(context, reporter, {
      ...work,
      expected,
      tiers: remaining(wish, progress).map(({ tier }) => tier),
      executor,
      observer: target.observer,
      target: target.name,
      replicas: target,
      statement,
      direction,
      through,
      recorder,
    }).finally(() => sayKept(context, recorder, direction));
    const looked = result.result !== 'nothing-to-do' && (await lookAfter(context, work, target));
    const reasons = result.result === 'held' ? result.reasons : [];
    const text = rolloutText(result, lookOf('stdout'));
    const after = afterSteps({ release: sealed.release, direction, progress, result });
    // only a reading of the gate shows that it is done
    const shows = looked ? 'report' : 'gate';
    const next = sameFor(context, reasons.length === 0 ? shows : whenHeld(statement));
    return {
      exit: reasons.length > 0 ? 1 : 0,
      schema: 'oneroof/rollout/2',
      data: { ...facts, ...toldResult(result, typed), looked, after },
      text,
      next,
      last: afterText(after, direction),
    };
  });
}

/** Says before a rollback which data of users it drops, counted now by the observer. It does not stop the rollback. */
async function sayDrops(
  { terminal }: Context,
  { sealed, store }: ReleaseTools,
  { target, plan }: { readonly target: Target; readonly plan: readonly unknown[] },
): Promise<readonly DroppedRows[]> {
  if (plan.length === 0) return [];
  try {
    const { evidence } = await store.heard(sealed.seal, { target: target.name });
    const rehearsal = ofKind(evidence, 'rehearsal').findLast((piece) => piece.readable);
    if (rehearsal === undefined || !rehearsal.readable) {
      terminal.say('it is unknown which rows of users the rollback drops: no readable rehearsal counts here');
      return [];
    }
    const drops = await countDropped(target.observer, droppedBy(rehearsal.body));
    for (const line of drops.map(explainDropped)) if (line !== null) terminal.say(printable(line));
    return drops;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    terminal.say(`could not count the rows of users that the rollback drops: ${printable(why)}`);
    return [];
  }
}

/** What a run came to, for machines: reasons in words, and the digest under a name of its own. */
function toldResult(result: RolloutResult, typed: TypedLine) {
  if (result.result === 'held') return { ...result, ...heldData(result.reasons, typed) };
  const { schema, ...told } = result;
  return { ...told, schemaDigest: schema };
}

/** Reads the gate again, so that the report speaks of the target as it is now; what was rolled out stays so where that fails. */
async function lookAfter({ terminal }: Context, { sealed, store }: ReleaseTools, target: Target): Promise<boolean> {
  terminal.progress(`reading ${target.name}`);
  const why = await gateStage({ sealed, store }, target).then(
    ({ rows }) => (rows.state === 'unread' ? rows.why : null),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (why !== null) terminal.say(`${printable(target.name)} could not be read afterwards: ${printable(why)}`);
  return why === null;
}

/** The next command after a reading: asking people if signatures are missing, the runbook if there is a reason, otherwise the rollout itself. */
function nextAfter({ decision, direction, statement }: Verdict): string {
  if (decision === 'NO-GO') return whenHeld(statement);
  if (decision === 'GO') return direction === 'up' ? 'rollout' : 'rollback';
  return direction === 'up' ? 'gate' : 'report';
}

/** Without a ratification the next step is to ask people; otherwise the runbook says what each refusal means. */
function whenHeld(statement: StatementDigest | null): string {
  return statement === null ? 'ratify' : 'runbook';
}

/** Runs it, and shows its progress, and the sessions that it waits for, on the terminal and the board. */
async function followed(
  context: Context,
  reporter: Reporter,
  plan: ReleaseTools &
    Pick<RolloutWatch, 'executor' | 'target' | 'statement' | 'direction' | 'through'> & {
      readonly observer: Connection;
      readonly recorder: Recorder;
      readonly replicas: Pick<Target, 'observer' | 'replicaLag'>;
      readonly expected: TimedParts | null;
      readonly tiers: readonly Tier[];
    },
): Promise<RolloutResult> {
  const { sealed, store, executor, target, statement, direction, through, recorder } = plan;
  const see = rolloutView(context, plan);
  const blockerMonitor = openLookout({
    executor,
    observer: plan.observer,
    settings: sealed.release.settings,
    onWaiting: (waitingFor) => {
      reporter.tell({ waitingFor });
      see.waiting(waitingFor);
    },
    onTrouble: (why) => context.terminal.say(`cannot see which session it waits for: ${printable(why)}`),
  });
  const onProgress = (event: RolloutEvent): void => {
    see.event(event);
    blockerMonitor.see(event);
    tellRollout(reporter, event, { sealed, direction });
  };
  const { signal } = context;
  const replicas = watchReplicas({
    observer: plan.replicas.observer,
    longest: plan.replicas.replicaLag,
    signal,
    onUnseen: (why) =>
      context.terminal.say(`batches do not wait for replicas, whose lag is unknown: ${printable(why)}`),
  });
  try {
    return await rolloutStage(
      { sealed, store },
      {
        executor,
        target,
        statement,
        direction,
        through,
        recorder,
        signal,
        onProgress,
        onSession: blockerMonitor.watch,
        awaitReplicas: replicas.ready,
      },
    );
  } finally {
    await Promise.all([blockerMonitor.close(), replicas.close()]);
  }
}

function throughOf({ tiers }: Release, name: string | boolean | undefined): TierId | null {
  if (typeof name !== 'string') return null;
  const tier = tiers.find(({ id }) => id === name);
  if (tier !== undefined && tier.barred === null) return tier.id;
  throw new OneRoofError('USAGE', {
    ...stated`--through ${{ name: printable(name) }}: the release does not have this tier, or the tier is barred`,
    fix: `name one of ${tiers
      .filter(({ barred }) => barred === null)
      .map(({ id }) => id)
      .join(', ')}`,
  });
}
