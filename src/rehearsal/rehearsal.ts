import { type Digest, type Instant, type Problem } from '../core/index.ts';
import { type CloneHost, type Golden } from '../clone/index.ts';
import { type Notice, type Notification } from '../database/index.ts';
import { type DataComparison, type Difference, type Noticed, type NotProven } from '../fingerprint/index.ts';
import { type SchemaChanges } from './changes.ts';
import { type Dispatch, type Outward } from './dispatch.ts';
import { type Leftover } from './leftovers.ts';
import { type StepLock } from './locks.ts';
import { type Direction, type Seal, type SealedRelease, type TierId } from '../release/index.ts';

/** The stages of a rehearsal, in order. */
export const stages = [
  'preflight',
  'forward',
  'verify',
  'twin',
  'back',
  'prove',
  'back-again',
  'forward-again',
  'verify-again',
] as const;
export type Stage = (typeof stages)[number];

/** What one statement did on the clone, measured. */
export interface StepMeasure {
  readonly tier: TierId;
  readonly direction: Direction;
  /** From 1, within the tier and direction. */
  readonly index: number;
  readonly digest: Digest;
  readonly title: string;
  /** `sampled`: it ran outside of a transaction, so its locks are those that a second session saw. */
  readonly measured: 'whole' | 'sampled';
  readonly durationMs: number;
  /** What the command tag said. */
  readonly rows: number | null;
  readonly rowsByRelation: readonly {
    readonly relation: string;
    readonly inserted: number;
    readonly updated: number;
    readonly deleted: number;
  }[];
  /** Locks that this statement took anew. */
  readonly locks: readonly StepLock[];
  /** Relations whose file was replaced. */
  readonly rewritten: readonly string[];
  /** Those of them that hold rows; absent in older records. */
  readonly rewrittenTables?: readonly string[];
  /** The largest table among them, by its size afterwards. */
  readonly largestRewrite: { readonly relation: string; readonly bytes: number } | null;
  readonly invalidIndexes: readonly string[];
  readonly walBytes: number;
  readonly outward: Outward;
  readonly notices: readonly Notice[];
  readonly notifications: readonly Notification[];
}

export interface StageResult {
  readonly stage: Stage;
  readonly durationMs: number;
  readonly outcome: 'passed' | 'failed';
  /** Empty when passed. */
  readonly problems: readonly Problem[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly steps: readonly StepMeasure[];
}

/** Whether the back restored the clone: two verdicts, and the differences that decide them. */
export interface Proof {
  /** Of the rows: `changed blocks` read only what WAL touched since the clone was made, `full` every row. */
  readonly method: DataComparison['method'];
  /** Why every row had to be read; null where that was not so, or was asked for. */
  readonly fallback: string | null;
  readonly strict: 'equal' | 'different';
  readonly logical: 'equal' | 'different';
  /** The first hundred; `differenceCount` counts all. */
  readonly differences: readonly Difference[];
  readonly differenceCount: number;
  readonly notProven: readonly NotProven[];
  /** Relations that hold rows, also those of which no block had changed. */
  readonly relations: number;
  /** Of these, how many were compared whole. */
  readonly whole: number;
  /** Changed blocks that were compared, of the others. */
  readonly blocks: number;
  /** Rows that were read to decide. */
  readonly rows: string;
  readonly objects: number;
  readonly seeds: readonly [string, string];
  readonly schemaDigest: { readonly before: Digest; readonly after: Digest };
  readonly dataDigest: { readonly before: Digest; readonly after: Digest };
  readonly durationMs: number;
}

/** The forward on a second clone that was prepared differently: other order of rows, other plans, another time. */
export interface Twin {
  readonly prepared: {
    /** Tables whose rows were turned around. */
    readonly turned: readonly string[];
    /** Tables that kept their order, and why. */
    readonly kept: readonly { readonly relation: string; readonly reason: string }[];
  };
  /** What differs although the release does not declare it, with the columns where they can be told. */
  readonly varies: readonly { readonly object: string; readonly columns: readonly string[] }[];
  /** What the release declares to differ between two forwards. */
  readonly declared: readonly string[];
  readonly durationMs: number;
}

/** The trial of one option: applied to a fresh clone, then the release's own preflight. */
export interface OptionTrial {
  readonly option: string;
  readonly outcome: 'collides' | 'compatible' | 'fails';
  /** What collided, or why the option's own SQL failed. */
  readonly problems: readonly Problem[];
  readonly durationMs: number;
}

/** The record of one rehearsal: what the report and the approver read. Evidence of kind `rehearsal`. */
export interface Rehearsal {
  readonly version: 1;
  readonly release: string;
  readonly seal: Seal;
  readonly outcome: 'passed' | 'failed';
  readonly startedAt: Instant;
  readonly endedAt: Instant;
  readonly serverVersion: number;
  readonly golden: Golden;
  readonly clone: {
    readonly method: Golden['method'];
    readonly durationMs: number;
    readonly dropMs: number | null;
    readonly kept: string | null;
  };
  readonly stages: readonly StageResult[];
  readonly proof: Proof | null;
  /** The schema before the forward, by the gate's own function; null where the database has no gate. People ratify this state. */
  readonly gateSchema: string | null;
  /** The same digest, taken whether there is a gate or not; absent in older records. */
  readonly schemaBefore?: string;
  /** What the forward did to the schema, without the barred tiers; null where it was not reached, absent in older records. */
  readonly changes?: SchemaChanges | null;
  /** null where it was not reached. */
  readonly twin: Twin | null;
  /** Equality of the state after back and after back again; null where it was not reached. */
  readonly idempotent: boolean | null;
  /** Equality of the finalized state after a rollback with the twin's, but for what the release declares; null where it was not reached. */
  readonly repeatable: boolean | null;
  /** Tables whose rows or definition changed, and whether `touches` declares them. */
  readonly touched: readonly { readonly relation: string; readonly declared: boolean }[];
  /** Tiers that are barred: rehearsed, not to be rolled out. */
  readonly barred: readonly TierId[];
  readonly options: readonly OptionTrial[];
  /** What the release sent out, or tried to. */
  readonly dispatch: Dispatch;
  /** What the forward and the way back left behind: facts; what is wrong stands among the problems too. */
  readonly leftovers: readonly Leftover[];
  /** Options of the server's that we do not know, which no comparison has judged; absent in older records. */
  readonly noticed?: readonly Noticed[];
  readonly problems: readonly Problem[];
}

/** What a rehearsal reports while it runs: its stages, before them the clone, and within a stage each statement as it begins. */
export type RehearsalEvent =
  | { readonly stage: Stage | 'clone'; readonly state: 'started' | 'passed' | 'failed' }
  | StepEvent;

/** A statement begins, in the stage that was started last. */
export interface StepEvent {
  readonly stage: null;
  readonly state: 'step';
  readonly tier: TierId;
  readonly direction: Direction;
  /** From 1, within tier and direction. */
  readonly n: number;
  readonly of: number;
  readonly title: string;
}

/** What a rehearsal needs. */
export interface RehearsalOptions {
  readonly release: SealedRelease;
  readonly host: CloneHost;
  readonly owner: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (event: RehearsalEvent) => void;
  /** Two 64-bit integers as text; drawn here, after the seal, where none are given. */
  readonly seeds?: readonly [string, string];
  /** Read every row for the proof, whatever changed. */
  readonly full?: true;
}
