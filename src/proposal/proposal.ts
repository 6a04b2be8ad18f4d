import { type Instant } from '../core/index.ts';
import { findDossier, type ShownDossier } from '../dossier/index.ts';
import { ofKind, type StatementDigest, statementDigest } from '../evidence/index.ts';
import {
  parseStatement,
  type PersonStatement,
  type ProposalRecord,
  type Ratification,
  targetRoot,
} from '../people/index.ts';
import { type Acceptance, type Footprint, type RehearsedSchema } from '../fingerprint/index.ts';
import { type KnownEvidence } from '../evidence-kinds/index.ts';
import { type Rehearsal, rehearsedSchema } from '../rehearsal/index.ts';

/** A proposal, with the dossier that it names. */
export interface Proposal extends Omit<ProposalRecord, 'version'> {
  readonly dossier: ShownDossier;
}

/** A proposal as recorded: nothing in it is trusted. */
export interface RecordedProposal extends Omit<ProposalRecord, 'version'> {
  readonly statement: StatementDigest;
  /** Of the log. */
  readonly index: number;
  readonly recordedAt: Instant;
}

/** Every readable proposal, oldest first, with any content. */
export function recordedProposals(evidence: readonly KnownEvidence[]): readonly RecordedProposal[] {
  return ofKind(evidence, 'proposal').flatMap((piece): RecordedProposal[] => {
    if (!piece.readable) return [];
    const { version: _, ...record } = piece.body;
    const { index, recordedAt } = piece.entry;
    return [{ ...record, index, recordedAt, statement: statementDigest(record.body) }];
  });
}

/** Every complete proposal, oldest first: its dossier exists, and its descriptor is the signed one. */
export function proposalsOf(evidence: readonly KnownEvidence[]): readonly Proposal[] {
  return recordedProposals(evidence).flatMap(
    ({ statement: _statement, index: _index, recordedAt: _at, ...record }): Proposal[] => {
      const said = ratificationOf(record);
      const dossier = said === null ? null : findDossier(evidence, said.dossier);
      return said === null || dossier === null || said.targets.root !== targetRoot([record.descriptor])
        ? []
        : [{ ...record, dossier }];
    },
  );
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

/** What people sign about the schema: the rehearsed one, or the differences that they accept; null: the rehearsal has none. */
export function signedSchema(
  { body, accepts = [] }: Pick<Proposal, 'body' | 'accepts'>,
  rehearsal: Pick<Rehearsal, 'footprint'> | null,
): Footprint | Acceptance | null {
  if (ratificationOf({ body })?.opens.what === 'rollback') return { format: 1, accepts };
  return rehearsal?.footprint ?? null;
}

/** What the newest rehearsal says of the schema; null: there is none that can be read, or it was on a database without a gate. */
export function schemaIn(evidence: readonly KnownEvidence[]): RehearsedSchema | null {
  const newest = ofKind(evidence, 'rehearsal').at(-1);
  return newest?.readable === true ? rehearsedSchema(newest.body) : null;
}
