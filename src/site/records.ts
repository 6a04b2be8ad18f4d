import { type Digest, type Instant } from '../core/index.ts';
import { type Entry } from '../evidence/index.ts';
import { type HeardEvidence } from '../people/index.ts';
import { type KnownEvidence, type Store } from '../evidence-kinds/index.ts';
import { type SealedRelease } from '../release/index.ts';

/** All that was recorded of one seal. */
export interface ReleaseRecord {
  readonly seal: Digest;
  /** Read from the recorded files; null where these are not there, or are not what was sealed. */
  readonly sealed: SealedRelease | null;
  /** The release's name, or the first digits of the seal. */
  readonly name: string;
  readonly entries: readonly Entry[];
  readonly lastAt: Instant;
  /** With bodies; read once. All that was recorded, also what does not count: nothing is decided by it. */
  evidence(): Promise<readonly KnownEvidence[]>;
  /** Which of it counts for a target, and which does not. */
  heard(target: string): Promise<HeardEvidence<KnownEvidence>>;
}

/** Says whether anything of a release was recorded under a seal: rules of targets and adoptions are kept under digests of their own. */
export function isRelease({ entries }: Pick<ReleaseRecord, 'entries'>): boolean {
  return entries.some(({ kind }) => kind !== 'rules' && kind !== 'adoption');
}

/** What the pages show of the evidence: the same store that the command line writes. */
export interface Records {
  /** Newest first, with all that was recorded before it is asked. */
  all(): Promise<readonly ReleaseRecord[]>;
  of(seal: string): Promise<ReleaseRecord | null>;
  readonly store: Store;
}
