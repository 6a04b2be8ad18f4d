export { type GateAnswer, openProject, type Project } from './project.io.ts';
export {
  type Digest,
  type ErrorCode,
  type Instant,
  instant,
  type Milliseconds,
  OneRoofError,
  type Problem,
} from './core/index.ts';
export { type Bundle, readBundle, type Verification, type Verified, verifyBundle } from './bundle/index.ts';
export { type SshKey, sshKey } from './evidence/index.ts';
export { type GateReading } from './gate/index.ts';
export { policyDigest, readPolicy, readRegistry, type Registry, registryDigest } from './people/index.ts';
export { type Rehearsal, type RehearsalEvent } from './rehearsal/index.ts';
export { lintRelease, type Release, readSealed, type SealedRelease, sealRelease } from './release/index.ts';
export { type Verdict } from './rollout/index.ts';
export { readSetup, type Setup, type Target } from './setup/index.ts';
