import { listed, listSchema } from '../../fingerprint/index.ts';
import { type TierId } from '../../release/index.ts';
import {
  boundariesOf,
  type BoundaryResult,
  type BoundaryState,
  chooseBoundaries,
  leftOut,
  recordPoint,
} from '../boundaries/index.ts';
import { schemaDifferences, varying } from '../comparison/index.ts';
import { beginFootprint, judgeWithGate, lockedByQueries, readPoint, type SeenPoint } from '../footprint/index.ts';
import { andSeen, type Seen, type SeenByNow, together } from '../record/index.ts';
import { forwardOnTwin, prepareTwin, readTables } from '../twin/index.ts';
import { unlikeTwin } from './forward-act.io.ts';
import { type Ground, marked } from './ground.io.ts';

/** The forward run on a second clone: what differs from the first one depends on more than the database's content. */
export async function twinForward(ground: Ground, byNow: SeenByNow): Promise<Seen> {
  const { release, options, first, digests, atEnd } = ground;
  const { host, owner, signal } = options;
  const { tiers } = release;
  const start = performance.now();
  const tables = await readTables(first.clone.connection);
  const purpose = `twin of ${first.clone.lease.database}`;
  const clone = await host.makeClone({ purpose, owner, hours: 4 });
  // what comes after it is compared with it
  atEnd(() => host.drop(clone.lease.database));
  const mark = await marked(clone, atEnd);
  const prepared = await prepareTwin(clone.connection, tables);
  const plans = boundariesOf(tiers, byNow.steps);
  const chosen = chooseBoundaries(plans, options.full === true);
  const hasGate = digests.gate !== null;
  const footprintStart = hasGate ? await beginFootprint(mark, release, byNow.locks) : null;
  const listing = hasGate ? listed(await listSchema(mark.reading)) : null;
  const points: SeenPoint[] = [];
  const halfWay = new Map<TierId, BoundaryState>();
  const boundaries: BoundaryResult[] = [...leftOut(plans, chosen)];
  const after = async (tier: TierId, step: number | null): Promise<void> => {
    const isBarred = tiers.some(({ id, barred }) => id === tier && barred !== null);
    if (footprintStart !== null && !isBarred)
      points.push(await readPoint(mark, { direction: 'up', tier, step }, { start: footprintStart, release }));
    const plan = plans.find((one) => one.after === tier && chosen.has(tier));
    if (step !== null || plan === undefined) return;
    const was = await recordPoint(mark, plan.relations, ground);
    if (typeof was === 'string') boundaries.push({ after: tier, state: 'not proven', reason: was });
    else halfWay.set(tier, was);
  };
  const problems = await forwardOnTwin(clone, release, { signal, after });
  const locks = hasGate ? await lockedByQueries(mark, release, signal) : [];
  const onTwin = { ...mark, delta: await schemaDifferences(mark, ground) };
  const { finalized } = byNow.found;
  const unlike = problems.length > 0 ? [] : await unlikeTwin(ground, { finalized, onTwin });
  const varies = unlike.map(({ difference, columns }) => ({ object: difference.name, columns }));
  const durationMs = performance.now() - start;
  const times = andSeen(byNow, { points });
  const slow = tiers.flatMap(({ id }) => judgeWithGate(byNow.steps, times, { tier: id, direction: 'up', release }));
  return together({
    problems: [...problems, ...varying(unlike), ...slow],
    locks,
    points,
    boundaries,
    found: {
      twin: { prepared, varies, declared: release.varies, durationMs },
      onTwin,
      halfWay,
      footprintStart,
      listing,
    },
  });
}
