import { type Digest } from '../../core/index.ts';
import { endFootprint, lockedByQueries } from '../footprint/index.ts';
import { readConditions } from '../leftovers/index.ts';
import { type Seen, type SeenByNow, together, type Work } from '../record/index.ts';
import { provePartitions } from '../trials/index.ts';
import { firstBack, secondBack } from './back-act.io.ts';
import { firstForward, secondForward } from './forward-act.io.ts';
import { type Ground, inSession } from './ground.io.ts';
import { proveParts } from './prove-act.io.ts';
import { measureOnClone } from './tiers-act.io.ts';
import { twinForward } from './twin-act.io.ts';

/** Does one act of a rehearsal, and returns what it found. */
export async function perform(ground: Ground, work: Work, byNow: SeenByNow): Promise<Seen> {
  const { found } = byNow;
  switch (work.act) {
    case 'refuse':
      return together({ problems: work.problems });
    case 'measure':
      return await measureOnClone(ground, work);
    case 'read-conditions':
      return together({ found: { brought: await inSession(ground, ground.first.clone, readConditions) } });
    case 'forward':
      return await firstForward(ground, work, found);
    case 'twin':
      return await twinForward(ground, byNow);
    case 'back':
      return await firstBack(ground, work.part, byNow);
    case 'prove':
      return await proveParts(ground, work.parts, byNow);
    case 'end-footprint':
      return await footprint(ground, byNow);
    case 'partitions':
      return await partitions(ground, work.parents, byNow);
    case 'back-again':
      return await secondBack(ground, work.part, found);
    case 'forward-again':
      return await secondForward(ground, work, found);
    default:
      return work satisfies never;
  }
}

async function footprint(ground: Ground, { found, locks, points }: SeenByNow): Promise<Seen> {
  const { first, release, digests, options } = ground;
  const { footprintStart: start } = found;
  if (start === null) return together();
  const more = await lockedByQueries(first, release, options.signal);
  const whole = digests.gate as Digest;
  const of = { start, release, locks: [...locks, ...more], points, whole };
  return together({ locks: more, found: { footprint: await endFootprint(first, of) } });
}

async function partitions(ground: Ground, parents: readonly string[], { found }: SeenByNow): Promise<Seen> {
  if (found.footprint === null) return together();
  const { anchors } = found.footprint;
  return together({ problems: await provePartitions({ ...ground, anchors }, parents) });
}
