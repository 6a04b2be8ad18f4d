export {
  foreignSaid,
  judgeProposal,
  judgeProposals,
  type Judged,
  type Judging,
  rootsOf,
  type TargetWord,
} from './judge.ts';
export { type Proposal, proposalsOf, ratificationOf, type RecordedProposal, recordedProposals } from './proposal.ts';
