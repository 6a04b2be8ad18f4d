import { lockModes } from '../database/index.ts';
import { formatDuration, type Milliseconds } from '../core/index.ts';
import { heldWith, lockName, type StepMeasure } from '../rehearsal/index.ts';
import { type Report, type TierFacts } from './report.ts';

/** What keeps the release from production, each reason once, under a title that says how many there are. */
export function blockersOf({ execution, blockers }: Report): {
  readonly title: string;
  readonly items: readonly string[];
} {
  const items = [...new Set(execution.status === 'NO-GO' ? [...blockers, ...execution.reasons] : blockers)];
  return { title: items.length === 1 ? 'The single blocker' : `${items.length} blockers`, items };
}

/** Each tier that is a migration of another tool, with that migration. */
export function migrationsOf({
  tiers,
}: Pick<Report, 'tiers'>): readonly { readonly id: string; readonly of: NonNullable<TierFacts['migration']> }[] {
  return tiers.flatMap(({ id, migration: of }) => (of === undefined ? [] : [{ id, of }]));
}

/** The strongest lock that some statements took on each relation, the strongest first, and how long the longest of these was held. */
export function strongestLocks(
  steps: readonly Pick<StepMeasure, 'locks' | 'gateMs'>[],
): Report['tiers'][number]['locks'] {
  const found = new Map<string, { readonly mode: string; readonly heldMs: number }>();
  for (const { locks, gateMs } of steps)
    for (const lock of locks) {
      const { relation, mode, heldMs } = heldWith(lock, gateMs);
      const before = found.get(relation) ?? { mode, heldMs };
      const longest = { mode, heldMs: before.mode === mode ? Math.max(before.heldMs, heldMs) : heldMs };
      found.set(relation, strength(mode) >= strength(before.mode) ? longest : before);
    }
  return [...found]
    .toSorted(([, one], [, other]) => strength(other.mode) - strength(one.mode) || other.heldMs - one.heldMs)
    .map(([relation, { mode, heldMs }]) => ({ relation, mode: lockName(mode), heldMs }));
}

/** A lock that is not known counts as stronger than all others. */
function strength(mode: string): number {
  return lockModes.includes(mode) ? lockModes.indexOf(mode) : lockModes.length;
}

/** How long something took in the rehearsal, for people: of a sample a lower bound, `at least 12 ms`. */
export function measuredTime({ bound }: Pick<Report, 'bound'>, ms: number): string {
  return `${bound === undefined ? '' : `${bound} `}${formatDuration(ms as Milliseconds)}`;
}

/** For people: `ACCESS EXCLUSIVE on public.t for 12 ms`. */
export function explainLock(
  report: Pick<Report, 'bound'>,
  { relation, mode, heldMs }: Report['tiers'][number]['locks'][number],
): string {
  return `${mode} on ${relation} for ${measuredTime(report, heldMs)}`;
}
