import { z } from 'zod';
import {
  digestForm,
  type Formed,
  instantForm,
  namedForm,
  nameForm,
  bigForm,
  problemForm,
  recordReader,
} from '../core/index.ts';
import { type CloneHost, goldenForm } from '../clone/index.ts';
import { noticeForm, notificationForm } from '../database/index.ts';
import { differenceForm, noticedForm, notProvenForm } from '../fingerprint/index.ts';
import { boundaryForm, stopForm } from './boundary.ts';
import { changesForm } from './changes.ts';
import { dispatchForm, outwardForm } from './dispatch.ts';
import { leftoverForm } from './leftovers.ts';
import { lockForm } from './locks.ts';
import { roleForm } from './role.ts';
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
const stepForm = z.object({
  tier: namedForm<TierId>(),
  direction: z.enum(['up', 'down']),
  /** From 1, within the tier and direction. */
  index: z.number(),
  digest: digestForm,
  title: z.string(),
  /** `sampled`: it ran outside of a transaction, so its locks are those that a second session saw. */
  measured: z.enum(['whole', 'sampled']),
  durationMs: z.number(),
  /** What the command tag said. */
  rows: z.number().nullable(),
  rowsByRelation: z.array(
    z.object({ relation: z.string(), inserted: z.number(), updated: z.number(), deleted: z.number() }),
  ),
  /** Locks that this statement took anew. */
  locks: z.array(lockForm),
  /** Relations whose file was replaced. */
  rewritten: z.array(z.string()),
  /** Those of them that hold rows; absent in older records. */
  rewrittenTables: z.array(z.string()).exactOptional(),
  /** The largest table among them, by its size afterwards. */
  largestRewrite: z.object({ relation: z.string(), bytes: z.number() }).nullable(),
  invalidIndexes: z.array(z.string()),
  walBytes: z.number(),
  outward: outwardForm,
  notices: z.array(noticeForm),
  notifications: z.array(notificationForm),
});
export type StepMeasure = Formed<typeof stepForm>;

const outcome = z.enum(['passed', 'failed']);
const equality = z.enum(['equal', 'different']);
const digests = z.object({ before: digestForm, after: digestForm });

const stageForm = z.object({
  stage: z.enum(stages),
  durationMs: z.number(),
  outcome,
  /** Empty when passed. */
  problems: z.array(problemForm),
  metrics: z.record(z.string(), z.number()),
  steps: z.array(stepForm),
});
export type StageResult = Formed<typeof stageForm>;

/** Whether the back restored the clone: two verdicts, and the differences that decide them. */
const proofForm = z.object({
  /** Of the rows: `changed blocks` read only what WAL touched since the clone was made, `full` every row. */
  method: z.enum(['changed blocks', 'full']),
  /** Why every row had to be read; null where that was not so, or was asked for. */
  fallback: z.string().nullable(),
  strict: equality,
  logical: equality,
  /** The first hundred, causes before what follows from them; `differenceCount` counts all. */
  differences: z.array(differenceForm),
  differenceCount: z.number(),
  notProven: z.array(notProvenForm),
  /** Relations that hold rows, also those of which no block had changed. */
  relations: z.number(),
  /** Of these, how many were compared whole. */
  whole: z.number(),
  /** Changed blocks that were compared, of the others. */
  blocks: z.number(),
  /** Rows that were read to decide. */
  rows: bigForm,
  objects: z.number(),
  seeds: z.tuple([bigForm, bigForm]),
  schemaDigest: digests,
  dataDigest: digests,
  durationMs: z.number(),
});
export type Proof = Formed<typeof proofForm>;

/** The forward on a second clone that was prepared differently: other order of rows, other plans, another time. */
const twinForm = z.object({
  prepared: z.object({
    /** Tables whose rows were turned around. */
    turned: z.array(z.string()),
    /** Tables that kept their order, and why. */
    kept: z.array(z.object({ relation: z.string(), reason: z.string() })),
  }),
  /** What differs although the release does not declare it, with the columns where they can be told. */
  varies: z.array(z.object({ object: z.string(), columns: z.array(z.string()) })),
  /** What the release declares to differ between two forwards. */
  declared: z.array(z.string()),
  durationMs: z.number(),
});
export type Twin = Formed<typeof twinForm>;

/** The trial of one option: applied to a fresh clone, then the release's own preflight. */
const trialForm = z.object({
  option: z.string(),
  outcome: z.enum(['collides', 'compatible', 'fails']),
  /** What collided, or why the option's own SQL failed. */
  problems: z.array(problemForm),
  durationMs: z.number(),
});
export type OptionTrial = Formed<typeof trialForm>;

/** The record of one rehearsal: what the report and the approver read. Evidence of kind `rehearsal`. */
const form = z.object({
  version: z.literal(1),
  release: nameForm,
  seal: digestForm as z.ZodType<Seal>,
  outcome,
  startedAt: instantForm,
  endedAt: instantForm,
  serverVersion: z.number(),
  golden: goldenForm,
  clone: z.object({
    method: goldenForm.shape.method,
    durationMs: z.number(),
    dropMs: z.number().nullable(),
    kept: nameForm.nullable(),
  }),
  /** As which role the release ran; null where it did not run, absent in older records. */
  role: roleForm.nullable().exactOptional(),
  stages: z.array(stageForm),
  /** Where a tier is one-way: of the tiers before it; null where there is none. */
  proof: proofForm.nullable(),
  /** The places between two tiers, in the order of the tiers; absent in older records. */
  boundaries: z.array(boundaryForm).exactOptional(),
  /** The places within tiers that commit step by step; absent in older records. */
  stops: z.array(stopForm).exactOptional(),
  /** The schema before the forward, by the gate's own function; null where the database has no gate. People ratify this state. */
  gateSchema: nameForm.nullable(),
  /** The same digest, taken whether there is a gate or not; absent in older records. */
  schemaBefore: nameForm.exactOptional(),
  /** What the forward did to the schema, without the barred tiers; null where it was not reached, absent in older records. */
  changes: changesForm.nullable().exactOptional(),
  /** null where it was not reached. */
  twin: twinForm.nullable(),
  /** Equality of the state after back and after back again, where the release asks for a second run; else null. */
  idempotent: z.boolean().nullable(),
  /** Equality of the finalized state after a rollback with the twin's, but for what the release declares; null where it was not reached. */
  repeatable: z.boolean().nullable(),
  /** Tables whose rows or definition changed, and whether `touches` declares them. */
  touched: z.array(z.object({ relation: z.string(), declared: z.boolean() })),
  /** Tiers that are barred: rehearsed, not to be rolled out. */
  barred: z.array(namedForm<TierId>()),
  options: z.array(trialForm),
  /** What the release sent out, or tried to. */
  dispatch: dispatchForm,
  /** What the forward and the way back left behind: facts; what is wrong stands among the problems too. */
  leftovers: z.array(leftoverForm),
  /** Options of the server's that we do not know, which no comparison has judged; absent in older records. */
  noticed: z.array(noticedForm).exactOptional(),
  problems: z.array(problemForm),
});
export type Rehearsal = Formed<typeof form>;
export const readRehearsal = recordReader(form);

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
  /** Which clones stay for a person to look at; those that failed, where absent. */
  readonly keep?: 'never' | 'failed' | 'always';
}
