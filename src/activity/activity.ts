import { z } from 'zod';
import { type Digest, type Instant } from '../core/index.ts';

/** Commands that take long enough to be followed. */
export const activityKinds = ['rehearsal', 'rollout', 'rollback'] as const;
export type ActivityKind = (typeof activityKinds)[number];

/** `lost`: it was at work when it was last heard of, and has been silent for too long since. */
export const activityStates = ['running', 'done', 'failed', 'held', 'lost'] as const;
export type ActivityState = (typeof activityStates)[number];

/** Who keeps a statement waiting, as far as the role may see it; the text is hostile. */
export interface Waiting {
  /** Of the server process; null for a prepared transaction, or where there is none. */
  readonly pid: number | null;
  readonly application: string | null;
  /** What is waited for; null where that is not a table. */
  readonly relation: string | null;
  /** The lock that they hold there. */
  readonly mode: string | null;
  /** Since when their transaction is open; null: that is not to be seen. Absent where a statement within a transaction waits. */
  readonly since?: Instant | null;
}

/** Where a command is. */
export interface ActivityStep {
  /** From 1, within tier and direction. */
  readonly n: number;
  readonly of: number;
  readonly title: string;
}

/** What a command is doing now. It is no evidence and decides nothing. */
export interface Activity {
  readonly version: 1;
  readonly id: string;
  readonly kind: ActivityKind;
  readonly seal: Digest;
  readonly release: string;
  readonly target: string;
  readonly startedAt: Instant;
  readonly updatedAt: Instant;
  readonly state: ActivityState;
  /** The part of the work, e.g. a stage of a rehearsal; null before the first one. */
  readonly stage: string | null;
  readonly tier: string | null;
  readonly step: ActivityStep | null;
  readonly elapsedMs: number;
  /** What is left, by what an earlier run took; null where that is not known. */
  readonly leftMs: number | null;
  readonly waitingFor: readonly Waiting[];
  /** Why it failed or is held; null elsewhere. */
  readonly note: string | null;
}

/** Where activities are told and looked up. */
export interface ActivityBoard {
  /** Tells one; the next one with the same id takes its place. */
  put(activity: Activity): Promise<void>;
  /** All that are kept, newest first; those that have been silent for too long are `lost`. */
  all(): Promise<readonly Activity[]>;
  close(): Promise<void>;
}

/** A command that is at work says so at least this often. Milliseconds. */
export const heartbeat = 2000;
/** After so long without a word a command is lost: five heartbeats, so that a busy machine loses none. Milliseconds. */
export const silence = 10_000;
/** So many are kept; the oldest go when a new one begins. */
export const keptActivities = 50;

/** What is made of an activity that was last told so long ago, by the clock of the board. */
export function judgeSilence(activity: Activity, silentMs: number): Activity {
  return activity.state === 'running' && silentMs > silence
    ? { ...activity, state: 'lost', leftMs: null, waitingFor: [] }
    : activity;
}

const text = (longest: number) => z.string().max(longest);
const instant = z.iso.datetime().transform((time) => time as Instant);
const waiting = z.strictObject({
  pid: z.int().nullable(),
  application: text(1000).nullable(),
  relation: text(1000).nullable(),
  mode: text(100).nullable(),
  since: instant.nullable().exactOptional(),
});
const form = z.strictObject({
  version: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{16}$/),
  kind: z.enum(activityKinds),
  seal: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .transform((digest) => digest as Digest),
  release: text(1000),
  target: text(1000),
  startedAt: instant,
  updatedAt: instant,
  state: z.enum(activityStates),
  stage: text(1000).nullable(),
  tier: text(1000).nullable(),
  step: z.strictObject({ n: z.int(), of: z.int(), title: text(1000) }).nullable(),
  elapsedMs: z.number(),
  leftMs: z.number().nullable(),
  waitingFor: z.array(waiting).max(100),
  note: text(4000).nullable(),
});

/** Reads an activity; null for what is none: whatever else lies on the board is passed over, because it decides nothing. */
export function parseActivity(value: unknown): Activity | null {
  const read = form.safeParse(value);
  return read.success ? read.data : null;
}

/** The step, the tier and the stage in words, e.g. `forward, tier 2-table, statement 1 of 3: CREATE TABLE`. */
export function whereText({ stage, tier, step }: Pick<Activity, 'stage' | 'tier' | 'step'>): string {
  const parts = [
    stage,
    tier === null ? null : `tier ${tier}`,
    step === null ? null : `statement ${step.n} of ${step.of}: ${step.title}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'beginning' : parts.join(', ');
}

/** Who is waited for, in words. */
export function waitingText({ pid, application, relation, mode, since }: Waiting): string {
  const age = since === undefined ? null : since === null ? 'age unknown' : `in a transaction since ${since}`;
  const who = [pid === null ? null : `session ${pid}`, application, age].filter((part) => part !== null).join(', ');
  const what = [mode === null ? null : `holds ${mode}`, relation === null ? null : `on ${relation}`]
    .filter((part) => part !== null)
    .join(' ');
  return what === '' ? who : `${who}: ${what}`;
}
