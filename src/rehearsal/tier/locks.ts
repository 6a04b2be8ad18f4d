import { z } from 'zod';
import { type Formed, type Problem, printable, stated } from '../../core/index.ts';
import { type Release, type TierId, type Direction } from '../../release/index.ts';

/** A lock that a step took again. */
export const lockForm = z.object({
  relation: z.string(),
  mode: z.string(),
  /** `relkind` of the relation; absent in older records. */
  kind: z.string().exactOptional(),
  /** `new`: the relation was made by the same transaction, so no one else could wait for it. */
  age: z.enum(['existing', 'new']),
  /**
   * From the begin of its step to the end of the transaction, without the time of our own measuring: the longest that it can have been
   * held. Where the step was sampled: as long as it was seen.
   */
  heldMs: z.number(),
  /**
   * From the begin of its transaction to the begin of its step, without our own measuring: the earliest that it can have been taken. Where
   * the step was sampled: when it was first seen. Absent in older records.
   */
  fromMs: z.number().exactOptional(),
});
export type StepLock = Formed<typeof lockForm>;

/** Modes of a lock behind which the reads or the writes of others wait. Source: PostgreSQL manual, "Explicit Locking". */
const blocking: Readonly<Record<string, string>> = {
  ShareLock: 'SHARE',
  ShareRowExclusiveLock: 'SHARE ROW EXCLUSIVE',
  ExclusiveLock: 'EXCLUSIVE',
  AccessExclusiveLock: 'ACCESS EXCLUSIVE',
};

/** A lock's mode as the manual writes it, e.g. `ACCESS EXCLUSIVE`. */
export function lockName(mode: string): string {
  return mode
    .replace(/Lock$/, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase();
}

/** Whose work waits behind a lock. Source: PostgreSQL manual, "Explicit Locking". */
export function blockedBy(mode: string): 'reads and writes' | 'writes' | 'schema changes' {
  if (mode === 'AccessExclusiveLock') return 'reads and writes';
  return mode in blocking ? 'writes' : 'schema changes';
}

/** A lock with all of the time for which a rollout holds it: what was measured of its transaction, and what the gate does at its end. */
export function heldWith<L extends Pick<StepLock, 'heldMs'>>(
  lock: L,
  gateMs: number | null | undefined,
): L & { readonly gateMs: number | null } {
  return { ...lock, heldMs: lock.heldMs + (gateMs ?? 0), gateMs: gateMs ?? null };
}

/** What of a time is the gate's, as it follows that time in a sentence. */
export function ofWhich(
  gateMs: number | null | undefined,
  inWords = (ms: number): string => `${Math.round(ms)} ms`,
): string {
  return gateMs == null ? '' : `, of which ${inWords(gateMs)} the gate's own checks`;
}

/** What the budgets of a release say of one tier: the longest lock that others wait for, and the largest table rewritten. */
export function overBudget(
  steps: readonly {
    readonly locks: readonly StepLock[];
    /** What the gate adds to them, as far as it is known. */
    readonly gateMs?: number | null;
    readonly largestRewrite: { readonly relation: string; readonly bytes: number } | null;
  }[],
  where: { readonly tier: TierId; readonly direction: Direction; readonly budgets: Release['budgets'] },
): readonly Problem[] {
  const { lock, rewrite } = where.budgets;
  const locks = steps
    .flatMap(({ locks: own, gateMs }) => own.map((lock) => heldWith(lock, gateMs)))
    .filter((one) => one.age === 'existing' && one.mode in blocking)
    .toSorted((a, b) => b.heldMs - a.heldMs);
  const rewrites = steps.flatMap((step) => step.largestRewrite ?? []).toSorted((a, b) => b.bytes - a.bytes);
  const at = `tier ${where.tier} ${where.direction}`;
  const problems: Problem[] = [];
  const [longest] = locks;
  if (longest !== undefined && lock !== null && longest.heldMs > lock)
    problems.push({
      code: 'BUDGET_LOCK',
      ...stated`${{ moment: at }}: the ${{ blocked: blocking[longest.mode] ?? '' }} lock on ${{ relation: printable(longest.relation) }} was held for ${{ heldMs: Math.round(longest.heldMs) }} ms${ofWhich(longest.gateMs)}, expected at most ${{ lock }} ms`,
      fix:
        longest.gateMs === null
          ? 'split the tier, or raise budgets.lock in release.yaml'
          : `make its statements faster, or raise budgets.lock in release.yaml; splitting the tier does not make the gate's checks faster`,
    });
  const [largest] = rewrites;
  if (largest !== undefined && rewrite !== undefined && largest.bytes > rewrite)
    problems.push({
      code: 'BUDGET_REWRITE',
      ...stated`${{ moment: at }}: ${{ relation: printable(largest.relation) }} was rewritten, ${{ bytes: largest.bytes }} bytes, expected at most ${{ rewrite }} bytes`,
      fix: 'add a new column and fill it in batches instead, or raise budgets.rewrite in release.yaml',
    });
  return problems;
}
