import { canonicalJson, type Digest, type Instant } from '../core/index.ts';
import { findDossier, type ShownDossier } from '../dossier/index.ts';
import { ofKind, statementDigest } from '../evidence/index.ts';
import {
  type Cycle,
  lacksSeats,
  type Opens,
  parseStatement,
  type Policy,
  policyDigest,
  type ProposalRecord,
  type Ratification,
  type Registry,
  registryDigest,
  type TargetDescriptor,
  targetRoot,
} from '../gate/index.ts';
import { type Evidence } from '../kinds/index.ts';

/** A proposal, with the dossier that it names. */
export interface Proposal extends Omit<ProposalRecord, 'version'> {
  readonly dossier: ShownDossier;
}

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

/** The newest proposal that waits for signatures and says what would be asked now; null where there is none. */
export function findProposal(evidence: readonly Evidence[], wanted: Wanted): Proposal | null {
  for (const proposal of proposalsOf(evidence).toReversed()) {
    const said = ratificationOf(proposal);
    const cycle = wanted.cycles.find(({ statement }) => statement === statementDigest(proposal.body));
    const waits = cycle === undefined || lacksSeats(cycle);
    if (
      said !== null &&
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

/** Every proposal that was recorded whole, oldest first: its dossier is there, and its descriptor is the one that is signed. */
export function proposalsOf(evidence: readonly Evidence[]): readonly Proposal[] {
  return ofKind(evidence, 'proposal').flatMap((piece): Proposal[] => {
    if (!piece.readable) return [];
    const { target, body, descriptor } = piece.body;
    const said = ratificationOf({ body });
    const dossier = said === null ? null : findDossier(evidence, said.dossier);
    return said === null || dossier === null || said.targets.root !== targetRoot([descriptor])
      ? []
      : [{ target, body, descriptor, dossier }];
  });
}

/** What a proposal asks people to ratify; null where it is no ratification. */
export function ratificationOf({ body }: Pick<Proposal, 'body'>): Ratification | null {
  const read = parseStatement(body);
  return read.ok && read.statement.kind === 'ratification' ? read.statement.predicate : null;
}
