import { readRehearsal, type Rehearsal } from '../rehearsal/index.ts';

/** How long each part of the work took before, in order. Milliseconds. */
export type TimedParts = readonly { readonly part: string; readonly ms: number }[];

/**
 * What is left of a course, given how long the present part has been at work; a part that takes longer than before counts as nearly done.
 *
 * Returns null where the part is none of the course.
 */
export function leftOf(course: TimedParts, at: { readonly part: string; readonly forMs: number }): number | null {
  const index = course.findIndex(({ part }) => part === at.part);
  const now = course[index];
  if (now === undefined) return null;
  return course.slice(index + 1).reduce((sum, { ms }) => sum + ms, Math.max(0, now.ms - at.forMs));
}

/** Reads what was recorded of a rehearsal; null for one that did not pass, or cannot be read. */
export function rehearsedOf(body: unknown): Rehearsal | null {
  const read = readRehearsal(body);
  return read.readable && read.body.outcome === 'passed' ? read.body : null;
}

/** A rehearsal that passed, as far as an estimate needs it. */
export type PassedRehearsal = Pick<Rehearsal, 'clone' | 'stages'>;

/** What the next rehearsal should take, stage by stage. */
export function stagesOf({ clone, stages }: PassedRehearsal): TimedParts {
  return [
    { part: 'clone', ms: clone.durationMs },
    ...stages.map(({ stage, durationMs }) => ({ part: stage, ms: durationMs })),
  ];
}

/** What a rollout or its rollback should take, tier by tier: what the tiers' statements took on the clone. */
export function expectedTiers({ stages }: PassedRehearsal, direction: 'up' | 'down'): TimedParts {
  const steps = stages.find(({ stage }) => stage === (direction === 'up' ? 'forward' : 'back'))?.steps ?? [];
  const sums = new Map<string, number>();
  for (const { tier, durationMs } of steps) sums.set(tier, (sums.get(tier) ?? 0) + durationMs);
  return [...sums].map(([part, ms]) => ({ part, ms }));
}
