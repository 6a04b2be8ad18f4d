import { type StepLock } from './locks.ts';
import { type StepMeasure } from './step-measure.ts';

/**
 * Adds up the measures of the batches of a step: its locks are as long as in the batch that held them longest, its times and rows are those of
 * all batches.
 */
export function addUpBatches(measures: readonly StepMeasure[]): readonly StepMeasure[] {
  return measures.reduce<readonly StepMeasure[]>((all, next) => {
    const last = all.at(-1);
    return last?.batches !== undefined && next.batches !== undefined && last.index === next.index
      ? [...all.slice(0, -1), both(last, next)]
      : [...all, next];
  }, []);
}

const mostHeard = 1000;

function both(one: StepMeasure, other: StepMeasure): StepMeasure {
  const [a, b] = [one.batches, other.batches];
  const names = (key: 'rewritten' | 'invalidIndexes'): string[] => [...new Set([...one[key], ...other[key]])];
  return {
    ...one,
    durationMs: one.durationMs + other.durationMs,
    batches: {
      count: (a?.count ?? 0) + (b?.count ?? 0),
      keys: (a?.keys ?? 0) + (b?.keys ?? 0),
      longestMs: Math.max(a?.longestMs ?? 0, b?.longestMs ?? 0),
    },
    rows: one.rows === null ? other.rows : one.rows + (other.rows ?? 0),
    rowsByRelation: rowsOfBoth(one, other),
    locks: locksOfBoth(one.locks, other.locks),
    rewritten: names('rewritten'),
    invalidIndexes: names('invalidIndexes'),
    walBytes: one.walBytes + other.walBytes,
    outward: {
      called: one.outward.called === null ? null : [...one.outward.called, ...(other.outward.called ?? [])],
      foreign: [...one.outward.foreign, ...other.outward.foreign],
      modules: one.outward.modules === null ? null : [...one.outward.modules, ...(other.outward.modules ?? [])],
    },
    notices: [...one.notices, ...other.notices].slice(0, mostHeard),
    notifications: [...one.notifications, ...other.notifications].slice(0, mostHeard),
  };
}

function rowsOfBoth(one: StepMeasure, other: StepMeasure): StepMeasure['rowsByRelation'] {
  const sums = new Map(one.rowsByRelation.map((rows) => [rows.relation, rows]));
  for (const rows of other.rowsByRelation) {
    const was = sums.get(rows.relation) ?? { relation: rows.relation, inserted: 0, updated: 0, deleted: 0 };
    sums.set(rows.relation, {
      ...was,
      inserted: was.inserted + rows.inserted,
      updated: was.updated + rows.updated,
      deleted: was.deleted + rows.deleted,
    });
  }
  return [...sums.values()];
}

function locksOfBoth(one: readonly StepLock[], other: readonly StepLock[]): StepLock[] {
  const longest = new Map(one.map((lock) => [`${lock.relation} ${lock.mode}`, lock]));
  for (const lock of other) {
    const key = `${lock.relation} ${lock.mode}`;
    if ((longest.get(key)?.heldMs ?? -1) < lock.heldMs) longest.set(key, lock);
  }
  return [...longest.values()];
}
