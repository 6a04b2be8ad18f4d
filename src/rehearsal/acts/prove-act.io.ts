import { proveStops, type TierChain, unprovenBoundary } from '../boundaries/index.ts';
import {
  compareWithGolden,
  differencesOf,
  explained,
  heldBy,
  incomplete,
  proofOf,
  schemasOf,
  stale,
  touchedBy,
  withMarkedClone,
} from '../comparison/index.ts';
import { andSeen, type ProofPlan, type Seen, type SeenByNow, together } from '../record/index.ts';
import { runBack } from './back-act.io.ts';
import { type Ground, listenTo, withEnds, type WorkClone } from './ground.io.ts';
import { runTiers } from './tiers-act.io.ts';

/** Proves each part that can be rolled back, then the places within tiers at which a rollout may have stopped. */
export async function proveParts(ground: Ground, parts: readonly ProofPlan[], byNow: SeenByNow): Promise<Seen> {
  let all = together();
  for (const { part, elsewhere } of parts) {
    const now = andSeen(byNow, all);
    const proven =
      elsewhere === null
        ? await proveOn(ground, { on: ground.first, part }, now)
        : await proveElsewhere(ground, { part, elsewhere }, now);
    all = together(all, proven);
  }
  if (all.isStuck) return all;
  const { options, seeds, deltas } = ground;
  const { results, problems } = await proveStops({ options, seeds, deltas, measured: byNow.steps });
  return together(all, { problems, found: { stops: results } });
}

/** On a separate clone: on the first one later tiers have run, and stay there. */
async function proveElsewhere(
  ground: Ground,
  { part, elsewhere }: { readonly part: TierChain; readonly elsewhere: NonNullable<ProofPlan['elsewhere']> },
  byNow: SeenByNow,
): Promise<Seen> {
  const { options, release } = ground;
  const purpose = `rollback of ${release.name} before ${elsewhere.before}`;
  return await withMarkedClone(options, purpose, (mark) =>
    withEnds(async (atEnd) => {
      const on = await listenTo(mark, release, atEnd);
      const forward = await runTiers(ground, on, { tiers: elsewhere.forward, direction: 'up' });
      if (forward.isStuck) return forward;
      const rolledBack = together(forward, await runBack(ground, { on, part }, andSeen(byNow, forward)));
      if (rolledBack.isStuck) return rolledBack;
      return together(rolledBack, await proveOn(ground, { on, part }, andSeen(byNow, rolledBack)));
    }),
  );
}

/** Proves that a clone is as it was before a part: equal to the golden copy, or to what was recorded after the one-way tier. */
async function proveOn(
  ground: Ground,
  { on, part }: { readonly on: WorkClone; readonly part: TierChain },
  byNow: SeenByNow,
): Promise<Seen> {
  const { release, seeds } = ground;
  const { steps, found, boundaries } = byNow;
  const { from } = part;
  const start = performance.now();
  const written = new Set(touchedBy(release, steps, null).map(({ relation }) => relation));
  const now = await compareWithGolden(on, { ...ground, written });
  const doubtful = stale(now.doubtful);
  // after a one-way tier nothing equals the golden copy; the boundary was compared in the rollback
  if (from !== null) {
    const result = boundaries.findLast(({ after }) => after === from);
    return together({ problems: [...doubtful, ...unprovenBoundary(result, from)] });
  }
  const differences = differencesOf(now);
  const proof = proofOf({ standing: now, differences, seeds, durationMs: performance.now() - start });
  // the verdict is taken from all differences, never from the ones that the record has room for
  const touched = new Set([...found.touched.map(({ relation }) => relation), ...heldBy(steps)]);
  const unlike = explained(differences, {
    code: 'BACK_DIFFERS',
    level: release.requires,
    schemas: schemasOf(now),
    work: { tiers: release.tiers, steps },
  });
  return together({ problems: [...unlike, ...incomplete(proof, touched), ...doubtful], found: { proof } });
}
