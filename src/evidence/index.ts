export { brokenBytes, readPiece } from './blob.ts';
export { type Head, isSignedBy, readCheckpoint } from './checkpoint.ts';
export * from './evidence.ts';
export { openFolderStore } from './folder.io.ts';
export { base64Text, parseCanonical, statementHash } from './envelope.ts';
export { logLeaves as leavesOf, readLine } from './log.ts';
export {
  consistencyProof,
  inclusionProof,
  leafHash,
  rootOf,
  treeHash,
  type TreeHash,
  treeOf,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
export { openPostgresStore } from './postgres.io.ts';
export { readEvidenceBody as readBody, readStore } from './read.ts';
export { type SignWith } from './key.io.ts';
export { keyFingerprint, type SshKey, sshKey } from './sshsig.ts';
export * from './statement.ts';
