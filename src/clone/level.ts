import { type Golden, type SourceIdentity } from './clone.ts';

/** How well a copy is known to be one of a target: by what was measured on both, never by what the program says. */
export function levelOf(copy: SourceIdentity, targets: readonly SourceIdentity[]): Golden['proofLevel'] {
  const isCopy = targets.some(
    (one) =>
      one.systemIdentifier !== '' &&
      one.systemIdentifier === copy.systemIdentifier &&
      one.databaseOid === copy.databaseOid,
  );
  return isCopy ? 'lineage' : 'none';
}

/** What is not as it is on any target, one line each. */
export function unlikeTargets(copy: SourceIdentity, targets: readonly SourceIdentity[]): readonly string[] {
  if (targets.length === 0) return [];
  const major = ({ serverVersion }: SourceIdentity): number => Math.floor(serverVersion / 10_000);
  if (targets.some((one) => major(one) === major(copy))) return [];
  return [`its server has PostgreSQL ${major(copy)}, and production ${[...new Set(targets.map(major))].join(', ')}`];
}
