import { type Problem } from '../../core/index.ts';
import { compareBoundary, type TierChain } from '../boundaries/index.ts';
import { compareWithGolden, differencesOf, explained, touchedBy, undeclared } from '../comparison/index.ts';
import { judgeWithGate, readPoint, type SeenPoint } from '../footprint/index.ts';
import { judgeLeftovers, leftoversBetween, readConditions } from '../leftovers/index.ts';
import { andSeen, type Found, type Seen, type SeenByNow, together } from '../record/index.ts';
import { type Ground, inSession, type WorkClone } from './ground.io.ts';
import { runOne, runTiers } from './tiers-act.io.ts';

/** The first rollback of a clone, and what only a whole cycle shows. */
export async function firstBack(ground: Ground, part: TierChain, byNow: SeenByNow): Promise<Seen> {
  const { release, first } = ground;
  const { touched, leftovers, brought } = byNow.found;
  const ran = await runBack(ground, { on: first, part }, byNow);
  const known = new Set(touched.map(({ relation }) => relation));
  const more = touchedBy(release, ran.steps, null).filter(({ relation }) => !known.has(relation));
  // only a whole cycle shows how many column numbers it costs; the proof names all other differences
  const cycle = leftoversBetween(brought, await inSession(ground, first.clone, readConditions));
  const columns = cycle.filter((one) => one.kind === 'columns');
  return together(ran, {
    problems: [...undeclared(more, ran.steps), ...judgeLeftovers(columns, release.allows)],
    found: {
      touched: [...touched, ...more].toSorted((a, b) => (a.relation < b.relation ? -1 : 1)),
      leftovers: [...leftovers.filter((one) => one.kind !== 'columns'), ...columns],
    },
  });
}

/** Undoes tiers, the last one first, and compares each boundary that is reached. */
export async function runBack(
  ground: Ground,
  { on, part }: { readonly on: WorkClone; readonly part: TierChain },
  byNow: SeenByNow,
): Promise<Seen> {
  const { release } = ground;
  const { footprintStart: start, halfWay } = byNow.found;
  const { tiers, from } = part;
  const direction = 'down';
  let all = together();
  for (const tier of tiers.toReversed()) {
    const points: SeenPoint[] = [];
    const point = async (step: number | null): Promise<void> => {
      if (start === null || tier.barred !== null) return;
      points.push(await readPoint(on, { direction, tier: tier.id, step }, { start, release }));
    };
    const ran = await runOne(ground, on, { tier, direction, committed: point });
    if (ran.isStuck) return together(all, ran, { points });
    await point(null);
    all = together(all, ran, { points });
    const slow = judgeWithGate(ran.steps, andSeen(byNow, all), { tier: tier.id, direction, release });
    const after = tiers[tiers.indexOf(tier) - 1]?.id ?? from;
    const compared = after === null ? {} : await compareBoundary(on, { after, was: halfWay.get(after) }, ground);
    all = together(all, { problems: slow }, compared);
  }
  return all;
}

/** A second rollback, of tiers that must allow it: nothing may change. */
export async function secondBack(ground: Ground, part: TierChain, known: Found): Promise<Seen> {
  const { first } = ground;
  const ran = await runTiers(ground, first, { tiers: part.tiers.toReversed(), direction: 'down' });
  const failed = ran.problems.map((one) => ({
    ...one,
    code: 'BACK_NOT_IDEMPOTENT' as const,
    problem: `the rollback fails when it runs a second time: ${one.problem}`,
    fix: `use IF EXISTS, or a condition, so that a second run changes nothing (${one.fix})`,
  }));
  if (failed.length > 0) return together({ ...ran, problems: failed, found: { idempotent: false } });
  const compared =
    part.from === null
      ? { problems: await unlikeBefore(ground) }
      : await compareBoundary(first, { after: part.from, was: known.halfWay.get(part.from) }, ground);
  return together(ran, compared, { found: { idempotent: compared.problems.length === 0 } });
}

async function unlikeBefore(ground: Ground): Promise<readonly Problem[]> {
  const now = await compareWithGolden(ground.first, { ...ground, written: new Set() });
  return explained(differencesOf(now), { code: 'BACK_NOT_IDEMPOTENT', level: 'logical' });
}
