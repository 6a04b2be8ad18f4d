import { canonicalJson, type Digest, type Instant } from '../core/index.ts';
import { type CycleRow, lacksSeats } from '../gate/index.ts';
import {
  type Opens,
  type Policy,
  policyDigest,
  type Registry,
  registryDigest,
  type TargetDescriptor,
  targetRoot,
} from '../people/index.ts';
import { ofKind } from '../evidence/index.ts';
import { type KnownEvidence } from '../evidence-kinds/index.ts';
import { type JudgedProposal, type Proposal } from '../proposal/index.ts';

/** What a proposal must still say to be taken up again. */
export interface Wanted {
  readonly target: string;
  readonly descriptor: TargetDescriptor;
  readonly policy: Policy;
  readonly registry: Registry;
  /** The evidence of the newest rehearsal. */
  readonly rehearsal: Digest;
  readonly opens: Opens;
  readonly cycles: readonly CycleRow[];
  /** The newest entry of the log that says that the release was rolled back there; -1: none. */
  readonly rolledBack: number;
  readonly now: Instant;
}

/** The newest entry that says that a release was rolled back on a target, or may have been; -1: none. */
export function lastRollback(evidence: readonly KnownEvidence[], target: string): number {
  const last = ofKind(evidence, 'execution').findLast(
    (one) =>
      one.readable && one.body.target === target && one.body.direction === 'down' && one.body.phase !== 'not-applied',
  );
  return last?.entry.index ?? -1;
}

/** The newest valid proposal that waits for signatures and has the same content as a new one; null if there is none. */
export function findProposal(judged: readonly JudgedProposal[], wanted: Wanted): Proposal | null {
  for (const one of judged.toReversed()) {
    if (one.state !== 'holds') continue;
    const { said, proposal } = one;
    const cycle = wanted.cycles.find(({ statement }) => statement === one.statement);
    const waits = cycle === undefined || lacksSeats(cycle);
    if (
      waits &&
      // its dossier shows production as it was before the rollback
      (wanted.opens.what !== 'rollout' || one.index > wanted.rolledBack) &&
      proposal.target === wanted.target &&
      canonicalJson(said.opens) === canonicalJson(wanted.opens) &&
      said.expires > wanted.now &&
      said.policy === policyDigest(wanted.policy) &&
      said.registry.digest === registryDigest(wanted.registry) &&
      said.targets.root === targetRoot([wanted.descriptor]) &&
      said.evidence.some(({ digest }) => digest === wanted.rehearsal)
    )
      return proposal;
  }
  return null;
}
