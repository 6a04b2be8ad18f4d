import { z } from 'zod';
import {
  bigForm,
  type Digest,
  digestForm,
  type Formed,
  type Instant,
  instantForm,
  namedForm,
  nameForm,
  type NonEmpty,
  recordReader,
} from '../core/index.ts';
import { type StatementDigest } from '../evidence/index.ts';
import { type Direction, type Release, type Seal, type TierId } from '../release/index.ts';
import { type BatchedStep } from '../gate/index.ts';
import { executionReason, type HeldReason } from './reason.ts';

/** The number of an attempt; a higher one fences every lower one off. Text, because the database counts in 64 bits. */
export type Epoch = string;

/** What the database says was done in a cycle: one marker per tier and direction, written in the tier's own transaction. */
export interface Marker {
  readonly tier: string;
  readonly direction: Direction;
  readonly epoch: Epoch;
  readonly schemaAfter: string | null;
}

/** A step that was committed; `n` counts from 1 within tier and direction. */
export interface DoneStep {
  readonly tier: string;
  readonly direction: Direction;
  readonly n: number;
}

/** The state of a cycle, by the database's own rows alone. */
export interface Progress {
  readonly markers: readonly Marker[];
  readonly steps: readonly DoneStep[];
  /** Steps that run in batches, also those of which some remain. */
  readonly batches?: readonly BatchedStep[];
}

/** The requested part of a release. */
export interface Wish {
  readonly release: Release;
  readonly direction: Direction;
  /** The last tier to do; null: all of them. */
  readonly through: TierId | null;
}

/** The next act. */
export type NextAct =
  | { readonly act: 'enter'; readonly tier: TierId; readonly firstStep: number }
  | { readonly act: 'nothing' }
  | { readonly act: 'held'; readonly reasons: NonEmpty<HeldReason> }
  | { readonly act: 'halt'; readonly why: string; readonly look: string };

/** Whether a commit is on the standbys of `synchronous_standby_names`, or whether a failover may lose it, because this is unknown. */
export type Replication = 'as-configured' | 'uncertain';

/** The outcome of a transaction. `unknown` halts: nothing retries it, and no one can declare it done. */
export type TransactionOutcome =
  | { readonly outcome: 'applied'; readonly replication: Replication }
  | { readonly outcome: 'not-applied' }
  | { readonly outcome: 'unknown'; readonly why: string; readonly look: string };

/** One line of the record: `intent` before a transaction, `outcome` after it. Evidence of kind `execution`. */
const form = z.strictObject({
  version: z.literal(1),
  release: nameForm,
  seal: digestForm as z.ZodType<Seal>,
  target: nameForm,
  statement: namedForm<StatementDigest>(),
  direction: z.enum(['up', 'down']),
  tier: namedForm<TierId>(),
  /** The steps of this transaction: first and last number. */
  steps: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
  epoch: bigForm,
  phase: z.enum(['intent', 'applied', 'not-applied', 'unknown']),
  /** Why it was not applied, or why that is unknown; of what was applied, that a standby may lack it; null elsewhere. Text in older records. */
  reason: z.union([z.string(), executionReason]).nullable(),
  at: instantForm,
  /**
   * How the line came into the log, if that was later. `beside`: it was kept beside while the log could not be written; `rows`: the
   * command ended before it told, and the gate's own rows said afterwards what became of it.
   */
  kept: z.enum(['beside', 'rows']).exactOptional(),
});
export type Execution = Formed<typeof form>;
export const readExecution = recordReader(form);

/** How far a run is. */
export interface RolloutEvent {
  readonly at:
    | 'attempt'
    | 'enter'
    | 'step'
    | 'leave'
    | 'commit'
    | 'uncertain'
    | 'committed'
    | 'retry'
    | 'waiting'
    | 'batch'
    | 'lagging';
  readonly tier: string | null;
  readonly step: number | null;
  /** How far the step is, once a batch of it has run. */
  readonly batched?: BatchesDone;
}

/** How far a step that runs in batches is. */
export interface BatchesDone extends Pick<BatchedStep, 'batches' | 'keys' | 'expected'> {
  /** What is left, by the pace of this run; null: not known. Milliseconds. */
  readonly leftMs: number | null;
}

/** A session of the executor's role that is in a transaction: it may hold locks of a tier, or the fence. */
export interface Holder {
  readonly pid: number;
  readonly application: string;
  readonly since: string;
  readonly fence: boolean;
}

/** A tier that a run has done, by the clock of the executor. */
export interface TierRun {
  readonly tier: TierId;
  /** How many steps it ran, without those that an earlier run had committed. */
  readonly steps: number;
  readonly started: Instant;
  readonly ended: Instant;
  readonly replication: Replication;
}

/** The result of a run of the command. */
export type RolloutResult =
  | {
      readonly result: 'done';
      readonly tiers: readonly TierId[];
      readonly runs: readonly TierRun[];
      readonly schema: Digest | string | null;
    }
  | { readonly result: 'nothing-to-do'; readonly schema: Digest | string | null }
  | {
      readonly result: 'held';
      readonly tiers: readonly TierId[];
      readonly runs: readonly TierRun[];
      readonly reasons: NonEmpty<HeldReason>;
    };
