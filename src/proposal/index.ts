export { foreignFix, foreignSaid } from './foreign-proposal.ts';
export {
  judgeProposal,
  judgeProposals,
  type JudgedProposal,
  type Judging,
  rootsOf,
  unrecorded,
} from './judge-proposals.ts';
export { type ProposalTarget } from './proposal-target.ts';
export {
  type Proposal,
  proposalsOf,
  ratificationOf,
  type RecordedProposal,
  recordedProposals,
  schemaIn,
  signedSchema,
} from './proposal.ts';
