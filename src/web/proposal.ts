import { canonicalJson, type Digest, type Instant } from '../core/index.ts';
import {
  type Cycle,
  lacksSeats,
  type Opens,
  type Policy,
  policyDigest,
  type Registry,
  registryDigest,
  type TargetDescriptor,
  targetRoot,
} from '../gate/index.ts';
import { type Judged, type Proposal } from '../proposal/index.ts';

/** What a proposal must still say to be taken up again. */
export interface Wanted {
  readonly target: string;
  readonly descriptor: TargetDescriptor;
  readonly policy: Policy;
  readonly registry: Registry;
  /** The evidence of the newest rehearsal. */
  readonly rehearsal: Digest;
  readonly opens: Opens;
  readonly cycles: readonly Cycle[];
  readonly now: Instant;
}

/** The newest proposal that holds, waits for signatures and says what would be asked now; null where there is none. */
export function findProposal(judged: readonly Judged[], wanted: Wanted): Proposal | null {
  for (const one of judged.toReversed()) {
    if (one.state !== 'holds') continue;
    const { said, proposal } = one;
    const cycle = wanted.cycles.find(({ statement }) => statement === one.statement);
    const waits = cycle === undefined || lacksSeats(cycle);
    if (
      waits &&
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
