import { type TierRows } from '../people/index.ts';

/** What is in place of a release, by cycle and tier, for people who decide whether it may stay as it is. */
export function describeRows(rows: readonly TierRows[]): readonly string[] {
  if (rows.length === 0) return ['no part of this release ever ran in this database'];
  return rows.map(({ cycle, tier, direction, steps, batches, undecided, done }) => {
    const way = direction === 'up' ? 'rolled out' : 'rolled back';
    const state = done
      ? `${way} whole`
      : steps === 0 && batches === undefined && undecided === undefined
        ? `entered to be ${way}, nothing committed`
        : `HALF WAY, ${way} in part`;
    const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;
    const also = batches === undefined ? '' : ` and ${count(batches, 'batch', 'batches')} of the next one`;
    const sent =
      undecided === undefined ? '' : `; step ${undecided} was sent, and what it did is not decided: look for it`;
    return `${tier.padEnd(20)} ${state}, ${count(steps, 'step', 'steps')}${also}${sent} (cycle ${cycle.slice(7, 19)})`;
  });
}

/** What an abandonment does, in plain words. */
export const abandonMeans: readonly string[] = [
  'This release stays in this database exactly as it is now.',
  'No ratification of this seal opens anything here any more: no rollout, no rollback, no hold point. This cannot be undone.',
  'What is half way stays half way. The gate will neither finish nor undo it; anything that is still needed takes another release.',
  'It no longer prevents upgrading or removing the gate, or rolling out other releases.',
  'Its rows in the gate stay, as history.',
];

/** What an adoption does, in plain words. */
export const adoptMeans: readonly string[] = [
  'This database is the target from now on. It gets a new incarnation.',
  'Earlier ratifications open nothing here any more. People must ratify again, for this database.',
  'A release that is half way can then have its rollback carried on (oneroof ratify --rollback), or be abandoned.',
  'The other database, if it still runs, keeps its own identity: stop it, or remove its gate, before this one is used.',
];
