import { type Instant } from '../core/index.ts';
import { findDossier, type ShownDossier } from '../dossier/index.ts';
import { ofKind, type StatementDigest, statementDigest } from '../evidence/index.ts';
import {
  parseStatement,
  type PersonStatement,
  type ProposalRecord,
  type Ratification,
  targetRoot,
} from '../gate/index.ts';
import { type Evidence } from '../kinds/index.ts';

/** A proposal, with the dossier that it names. */
export interface Proposal extends Omit<ProposalRecord, 'version'> {
  readonly dossier: ShownDossier;
}

/** A proposal as it was recorded: nothing of it is believed. */
export interface RecordedProposal extends Omit<ProposalRecord, 'version'> {
  readonly statement: StatementDigest;
  /** Of the log. */
  readonly index: number;
  readonly recordedAt: Instant;
}

/** Every proposal that can be read, oldest first, whatever it says. */
export function recordedProposals(evidence: readonly Evidence[]): readonly RecordedProposal[] {
  return ofKind(evidence, 'proposal').flatMap((piece): RecordedProposal[] => {
    if (!piece.readable) return [];
    const { target, body, descriptor } = piece.body;
    const { index, recordedAt } = piece.entry;
    return [{ target, body, descriptor, index, recordedAt, statement: statementDigest(body) }];
  });
}

/** Every proposal that was recorded whole, oldest first: its dossier is there, and its descriptor is the one that is signed. */
export function proposalsOf(evidence: readonly Evidence[]): readonly Proposal[] {
  return recordedProposals(evidence).flatMap(({ target, body, descriptor }): Proposal[] => {
    const said = ratificationOf({ body });
    const dossier = said === null ? null : findDossier(evidence, said.dossier);
    return said === null || dossier === null || said.targets.root !== targetRoot([descriptor])
      ? []
      : [{ target, body, descriptor, dossier }];
  });
}

/** The statement of a proposal; null where it is no ratification. */
export function statementOf({ body }: Pick<Proposal, 'body'>): PersonStatement<'ratification'> | null {
  const read = parseStatement(body);
  return read.ok && read.statement.kind === 'ratification' ? (read.statement as PersonStatement<'ratification'>) : null;
}

/** What a proposal asks people to ratify; null where it is no ratification. */
export function ratificationOf(proposal: Pick<Proposal, 'body'>): Ratification | null {
  return statementOf(proposal)?.predicate ?? null;
}
