import { z } from 'zod';
import { type Formed, type Problem, printable } from '../core/index.ts';
import { type Release, type TierId, type Direction } from '../release/index.ts';

/** A lock that a step took anew. */
export const lockForm = z.object({
  relation: z.string(),
  mode: z.string(),
  /** `relkind` of the relation; absent in older records. */
  kind: z.string().exactOptional(),
  /** `new`: the relation was made by the same transaction, so nobody else could wait for it. */
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

/** What the budgets of a release say of one tier: the longest lock that others wait for, and the largest table rewritten. */
export function overBudget(
  steps: readonly {
    readonly locks: readonly StepLock[];
    readonly largestRewrite: { readonly relation: string; readonly bytes: number } | null;
  }[],
  where: { readonly tier: TierId; readonly direction: Direction; readonly budgets: Release['budgets'] },
): readonly Problem[] {
  const { lock, rewrite } = where.budgets;
  const locks = steps
    .flatMap((step) => step.locks)
    .filter((one) => one.age === 'existing' && one.mode in blocking)
    .toSorted((a, b) => b.heldMs - a.heldMs);
  const rewrites = steps.flatMap((step) => step.largestRewrite ?? []).toSorted((a, b) => b.bytes - a.bytes);
  const at = `tier ${where.tier} ${where.direction}`;
  const problems: Problem[] = [];
  const [longest] = locks;
  if (longest !== undefined && lock !== null && longest.heldMs > lock)
    problems.push({
      code: 'BUDGET_LOCK',
      problem: `${at}: the ${blocking[longest.mode]} lock on ${printable(longest.relation)} was held for ${Math.round(longest.heldMs)} ms, expected at most ${lock} ms`,
      fix: 'split the tier, or raise budgets.lock in release.yaml',
    });
  const [largest] = rewrites;
  if (largest !== undefined && rewrite !== undefined && largest.bytes > rewrite)
    problems.push({
      code: 'BUDGET_REWRITE',
      problem: `${at}: ${printable(largest.relation)} was written anew, ${largest.bytes} bytes, expected at most ${rewrite} bytes`,
      fix: 'add a new column and fill it in batches instead, or raise budgets.rewrite in release.yaml',
    });
  return problems;
}
