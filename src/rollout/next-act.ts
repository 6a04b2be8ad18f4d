import { isNonEmpty } from '../core/index.ts';
import { type Direction, type Tier } from '../release/index.ts';
import { type HeldReason } from './reason.ts';
import { type NextAct, type Progress, type Wish } from './rollout.ts';

/**
 * Names the next act from the release and the database's own rows. The same rows give the same act, so the same command continues a killed
 * run.
 *
 * Shape   rows that no run of ours can leave behind halt: a gap, an unknown tier, a marker twice.
 */
export function nextAct(wish: Wish, progress: Progress): NextAct {
  const strange = contradiction(wish, progress);
  if (strange !== null)
    return { act: 'halt', why: strange, look: 'select * from gate.markers and gate.steps of this statement' };
  return wish.direction === 'up' ? forward(wish, progress) : back(wish, progress);
}

/** Every step that the run would still do, in order: what a dry run prints. */
export function remaining(wish: Wish, progress: Progress): readonly { readonly tier: Tier; readonly from: number }[] {
  const act = nextAct(wish, progress);
  if (act.act !== 'enter') return [];
  const { tier: id } = act;
  const tier = wish.release.tiers.find((one) => one.id === id);
  if (tier === undefined) return [];
  const { direction } = wish;
  const marker = { tier: id, direction, epoch: '0', schemaAfter: '' };
  const after = { markers: [...progress.markers, marker], steps: progress.steps, batches: progress.batches ?? [] };
  return [{ tier, from: act.firstStep }, ...remaining(wish, after)];
}

function forward({ release, through }: Wish, progress: Progress): NextAct {
  // one statement is one cycle: once its rollback has begun, only the rollback is open
  if (progress.markers.some(isDown) || workOf(progress).some(isDown))
    return { act: 'held', reasons: [{ code: 'way-back-begun', facts: {} }] };
  const last = release.tiers.find(({ id }) => id === through)?.order ?? Number.POSITIVE_INFINITY;
  const open = release.tiers.find(
    (tier) => tier.barred === null && tier.order <= last && !isMarked(progress, tier, 'up'),
  );
  return open === undefined ? { act: 'nothing' } : enter(open, 'up', progress);
}

function back({ release, through }: Wish, progress: Progress): NextAct {
  const first = release.tiers.find(({ id }) => id === through)?.order ?? 0;
  const standing = release.tiers
    .filter((tier) => tier.order >= first && hasBegun(progress, tier) && !isMarked(progress, tier, 'down'))
    .toSorted((one, other) => other.order - one.order);
  const top = standing[0];
  if (top === undefined) return { act: 'nothing' };
  // all of them at once: no one should roll back half way to a tier that has no rollback
  const reasons = standing.flatMap(({ id, oneWay }): readonly HeldReason[] =>
    oneWay === null ? [] : [{ code: 'one-way', facts: { tier: id, why: oneWay } }],
  );
  return isNonEmpty(reasons) ? { act: 'held', reasons } : enter(top, 'down', progress);
}

function enter(tier: Tier, direction: Direction, progress: Progress): NextAct {
  const done = progress.steps.filter((step) => step.tier === tier.id && step.direction === direction).length;
  return { act: 'enter', tier: tier.id, firstStep: done + 1 };
}

function contradiction({ release }: Wish, progress: Progress): string | null {
  const names = new Set<string>(release.tiers.map(({ id }) => id));
  const seen = new Set<string>();
  for (const { tier, direction } of progress.markers) {
    if (!names.has(tier)) return `the database has a marker of tier ${tier}, which the release does not have`;
    const key = `${direction} ${tier}`;
    if (seen.has(key)) return `the database has two markers of tier ${tier} ${direction}`;
    seen.add(key);
  }
  for (const { tier } of workOf(progress))
    if (!names.has(tier)) return `the database has a step of tier ${tier}, which the release does not have`;
  const [barred] = release.tiers.filter((tier) => tier.barred !== null && hasBegun(progress, tier));
  if (barred !== undefined) return `tier ${barred.id} is barred, but the database says that it was begun`;
  const usable = release.tiers.filter((tier) => tier.barred === null);
  for (const [index, tier] of usable.entries()) {
    const later = usable.slice(index + 1);
    if (!isMarked(progress, tier, 'up') && later.some((one) => hasBegun(progress, one)))
      return `tier ${tier.id} is not rolled out, but a later tier is`;
    const isGoingBack =
      isMarked(progress, tier, 'down') || workOf(progress).some((one) => one.tier === tier.id && isDown(one));
    if (isGoingBack && later.some((one) => hasBegun(progress, one) && !isMarked(progress, one, 'down')))
      return `tier ${tier.id} is rolled back, but a later tier is not`;
    for (const direction of ['up', 'down'] as const) {
      const done = stepsOf(progress, tier, direction).length;
      if (tier.transaction === 'single' && done > 0 && !isMarked(progress, tier, direction))
        return `tier ${tier.id} ${direction} is one transaction, but the database has only a part of it`;
    }
  }
  return null;
}

/** Every step of which something was committed. */
function workOf({ steps, batches = [] }: Progress): Progress['steps'] {
  return [...steps, ...batches];
}

const isDown = ({ direction }: { readonly direction: Direction }): boolean => direction === 'down';

function isMarked(progress: Progress, tier: Tier, direction: Direction): boolean {
  return progress.markers.some((marker) => marker.tier === tier.id && marker.direction === direction);
}

function stepsOf(progress: Progress, tier: Tier, direction: Direction): Progress['steps'] {
  return progress.steps.filter((step) => step.tier === tier.id && step.direction === direction);
}

function hasBegun(progress: Progress, tier: Tier): boolean {
  return isMarked(progress, tier, 'up') || workOf(progress).some((one) => one.tier === tier.id && !isDown(one));
}
