import { type Golden } from '../clone/index.ts';
import { type Digest, type Instant } from '../core/index.ts';
import { type DriftDifference } from '../fingerprint/index.ts';
import { type StatementDigest, type TreeHash } from '../evidence/index.ts';
import { type Direction, type SealedRelease } from '../release/index.ts';
import { type Policy, type Registry, type Signature, type TargetDescriptor } from './documents.ts';
import { type Opens } from './opens.ts';
import { type SeatsState } from './signers.ts';

/** A signature, and when the database received it. */
export interface ReceivedSignature extends Signature {
  readonly receivedAt: Instant;
}

/** A statement as it was handed in: nothing in it is trusted. */
export interface SignedStatement {
  readonly body: string | Uint8Array;
  readonly signatures: readonly Signature[];
}

/** The database that a decision is for. */
export interface DecidedTarget {
  /** The leaf in the tree of targets. */
  readonly descriptor: TargetDescriptor;
  readonly inclusion: { readonly index: number; readonly proof: readonly TreeHash[] };
  /** What the database reports about itself now. */
  readonly live: Omit<TargetDescriptor, 'format' | 'schema'>;
  /** How its schema differs from the signed one, or from what the last tier left. */
  readonly drift: readonly DriftDifference[];
}

/** A piece of evidence that was found by its digest and read. */
export interface ResolvedEvidence {
  readonly kind: string;
  readonly digest: Digest;
  readonly seal: Digest;
  readonly outcome: 'passed' | 'failed';
  /** When the rehearsal ended, and the digest of its footprint; null where it is none. */
  readonly rehearsal: {
    readonly at: Instant;
    readonly schema: Digest;
    /** What its copy was: absent where it had every row. */
    readonly golden?: Pick<Golden, 'proofLevel' | 'sample'>;
  } | null;
}

/** Everything that a decision uses. */
export interface Decision {
  /** One time for the whole decision. */
  readonly now: Instant;
  readonly body: string | Uint8Array;
  readonly signatures: readonly ReceivedSignature[];
  readonly sealed: SealedRelease;
  /** Those in force. */
  readonly policy: Policy;
  readonly registry: Registry;
  readonly target: DecidedTarget;
  /** The signatures stored for this ratification. */
  readonly revocations: readonly SignedStatement[];
  readonly evidence: readonly ResolvedEvidence[];
  readonly direction: Direction;
  /** The documents that this database has accepted, if a step of this ratification was committed in it; null: none was. */
  readonly begun: { readonly policies: readonly Policy[]; readonly registries: readonly Registry[] } | null;
  /** The cycle that the ratification names, as this database knows it: a rollout that was ratified; null: it names none, or one that is not known. */
  readonly cycle: NamedCycle | null;
  /** When this database first received the sealed release, by its clock; null: that is not known, so no review counts. */
  readonly firstSeen: Instant | null;
  /** The abandonment of this release that a quorum signed and this database accepted; null: there is none. */
  readonly abandoned: StatementDigest | null;
}

/** A cycle that another ratification names. */
export interface NamedCycle {
  readonly statement: StatementDigest;
  readonly seal: Digest;
  /** Whether some of it is rolled out, or half way in either direction. */
  readonly isInPlace: boolean;
}

/** Why a ratification does not open the gate; the database answers with the same words. */
export type DecisionCode =
  | 'statement'
  | 'purpose'
  | 'abandoned'
  | 'registry'
  | 'policy'
  | 'seal'
  | 'target'
  | 'cycle'
  | 'hold-point'
  | 'seats'
  | 'revoked'
  | 'not-yet-valid'
  | 'expired'
  | 'too-long'
  | 'review'
  | 'rehearsal-age'
  | 'evidence'
  | 'schema';

/** Whether a ratification opens the gate. `seats` is null where nothing was counted: an earlier check failed. */
export type RatificationVerdict =
  | {
      readonly decision: 'OPEN';
      readonly statement: StatementDigest;
      readonly seats: SeatsState;
      readonly opens: Opens;
      readonly until: Instant;
      /** Tiers that also need a separate ratification. */
      readonly holdPoints: readonly string[];
    }
  | {
      readonly decision: 'BLOCKED';
      readonly reason: {
        readonly code: DecisionCode;
        readonly problem: string;
        readonly seats: SeatsState | null;
      };
    };
