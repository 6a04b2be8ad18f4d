import { type Digest, type Instant } from '../core/index.ts';
import { type Entry } from '../evidence/index.ts';
import { type Evidence, type Store } from '../kinds/index.ts';
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
  /** With bodies; read once. */
  evidence(): Promise<readonly Evidence[]>;
}

/** What the pages show of the evidence: the same store that the command line writes. */
export interface Records {
  /** Newest first, with all that was recorded before it is asked. */
  all(): Promise<readonly ReleaseRecord[]>;
  of(seal: string): Promise<ReleaseRecord | null>;
  readonly store: Store;
}
