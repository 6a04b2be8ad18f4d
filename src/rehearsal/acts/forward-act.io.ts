import { findBehind } from '../../database/index.ts';
import { type SchemaDelta } from '../../fingerprint/index.ts';
import { changesOf } from '../changes/index.ts';
import {
  compareWithGolden,
  compareWithTwin,
  schemaDifferences,
  touchedBy,
  undeclared,
  varying,
  type Varying,
} from '../comparison/index.ts';
import {
  explainSkipped,
  judgeLeftovers,
  leftoversBetween,
  readConditions,
  skippedInvalid,
} from '../leftovers/index.ts';
import { type ForwardPlan, type Found, noticedAlso, type Seen, together } from '../record/index.ts';
import { type Ground, inSession } from './ground.io.ts';
import { runForward } from './tiers-act.io.ts';

/** The first forward run: what it changed, touched and left behind. */
export async function firstForward(ground: Ground, plan: ForwardPlan, known: Found): Promise<Seen> {
  const { release, first } = ground;
  const { brought } = known;
  // the schema after the tiers that may be rolled out, where others run after them
  let released: SchemaDelta | null = null;
  const ran = await runForward(ground, plan, async () => {
    released = await schemaDifferences(first, ground);
  });
  // a failed CREATE INDEX CONCURRENTLY leaves an invalid index, so leftovers are checked in both cases
  const leftovers = leftoversBetween(brought, await inSession(ground, first.clone, readConditions));
  const left = [...judgeLeftovers(leftovers, release.allows), ...skippedInvalid(brought, ran.steps)];
  if (ran.isStuck) return together(ran, { problems: left, found: { leftovers } });
  const now = await compareWithGolden(first, ground);
  const touched = touchedBy(release, ran.steps, now);
  const filled = ran.steps.flatMap(({ rowsByRelation }) =>
    rowsByRelation.flatMap(({ relation, inserted }) => (inserted > 0 ? [relation] : [])),
  );
  const behind =
    filled.length === 0 ? [] : await inSession(ground, first.clone, (session) => findBehind(session, filled));
  const skipped = await inSession(ground, first.clone, (session) => explainSkipped(session, ran.steps));
  const work = {
    tiers: release.tiers,
    steps: ran.steps,
    behind: behind.map(({ text, fix }) => ({ text, fix })),
    skipped,
  };
  return together(ran, {
    problems: [...undeclared(touched, ran.steps), ...left],
    found: {
      leftovers,
      touched,
      finalized: now.delta,
      noticed: noticedAlso(known.noticed, now.noticed),
      changes: changesOf(released ?? now.delta, now.data, work),
    },
  });
}

/** The forward run after a rollback: it must end in the same state as the twin. */
export async function secondForward(ground: Ground, plan: ForwardPlan, known: Found): Promise<Seen> {
  const ran = await runForward(ground, plan);
  if (ran.problems.length > 0) return ran;
  const found = await unlikeTwin(ground, {
    finalized: await schemaDifferences(ground.first, ground),
    onTwin: known.onTwin,
  });
  return together(ran, {
    problems: varying(found, 'FORWARD_NOT_REPEATABLE'),
    found: { repeatable: found.length === 0 },
  });
}

/** How the first clone, finalized, differs from its twin. */
export async function unlikeTwin(
  ground: Ground,
  { finalized, onTwin }: Pick<Found, 'finalized' | 'onTwin'>,
): Promise<readonly Varying[]> {
  if (onTwin === null || finalized === null) return [];
  return await compareWithTwin({ ...ground.first, delta: finalized }, onTwin, ground);
}
