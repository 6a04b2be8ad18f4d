/** Modes of a lock on a relation, from the weakest. Source: PostgreSQL manual, "Explicit Locking". */
export const lockModes: readonly string[] = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];
