import { z } from 'zod';
import { digestForm, type Formed, instantForm, nameForm } from '../core/index.ts';
import { changeForm, type SchemaChange } from '../rehearsal/index.ts';
import { migrationFactsForm } from '../release/index.ts';
import { driftForm, unrelatedForm } from '../fingerprint/index.ts';
import { reviewForm } from '../reviews/index.ts';

/** What every page and text says where the policy is not for production. */
export const notForProduction = 'NOT FOR PRODUCTION';

/** The parts of a dossier, in order; also the anchors of its page. */
export const parts = [
  'risks',
  'back',
  'changes',
  'time',
  'locks',
  'production',
  'outside',
  'statements',
  'options',
  'people',
  'evidence',
] as const;
export type DossierPart = (typeof parts)[number];

const ms = z.number();
const relationAndReason = z.object({ relation: z.string(), reason: z.string() });

/** An object of the schema that the forward run made, changed or took away. */
export type ObjectChange = SchemaChange;

/** One thing that can go wrong, or that cannot be undone, from measured facts; the heaviest first. */
const risk = z.object({
  /** How much a person should think about it before they ratify. */
  weight: z.enum(['stop', 'think', 'know']),
  title: z.string(),
  text: z.string(),
  /** The part of the dossier that says more. */
  part: z.enum(parts),
});
export type Risk = Formed<typeof risk>;
export type Weight = Risk['weight'];

/** Rows of one relation that the forward run wrote, and the rollback. */
const written = z.object({ inserted: z.number(), updated: z.number(), deleted: z.number() });
const rowChange = z.object({ relation: z.string(), up: written, down: written });
export type RowChange = Formed<typeof rowChange>;

/** A lock on a relation that was there before, from the begin of its tier. Milliseconds. Those of plain reading are left out. */
const lockSpan = z.object({
  tier: z.string(),
  relation: z.string(),
  mode: z.string(),
  /** Which work waits for it. */
  blocks: z.enum(['reads and writes', 'writes', 'schema changes']),
  fromMs: ms,
  /** How long a rollout holds it: with the gate's work before COMMIT, if that was measured. */
  heldMs: ms,
  /** Of `heldMs`, the gate's own checks; null: not measured, absent in older records. */
  gateMs: ms.nullable().exactOptional(),
});
export type LockSpan = Formed<typeof lockSpan>;

/** Data that users wrote after the rollout and lose in a rollback. */
const loss = z.object({ relation: z.string(), text: z.string() });
export type Loss = Formed<typeof loss>;

/** One statement of a tier with what it did on the clone; the measures are null where it was not reached. */
const statement = z.object({
  n: z.number(),
  title: z.string(),
  digest: digestForm,
  sql: z.string(),
  /** How the gate decides whether it is done; only in an outside tier. */
  probe: z.string().exactOptional(),
  durationMs: ms.nullable(),
  rows: z.number().nullable(),
  /** Of a statement that ran in batches: how many, and the longest; absent where it runs once, or was not reached. */
  batches: z.string().exactOptional(),
  locks: z.array(z.string()),
  walBytes: z.number().nullable(),
  rewritten: z.array(z.string()),
  notices: z.array(z.string()),
});
export type StatementFacts = Formed<typeof statement>;

/** One tier of the release. */
const tier = z.object({
  id: z.string(),
  title: z.string(),
  transaction: z.enum(['single', 'each', 'outside']),
  /** How an outside tier runs, in one sentence; absent in others. */
  outside: z.string().exactOptional(),
  barred: z.string().nullable(),
  oneWay: z.string().nullable(),
  /** A command drafted its rollback, and no author says to have read it; absent: no. */
  drafted: z.literal(true).exactOptional(),
  /** What it is to the tool whose migration it is; absent: people wrote it. */
  migration: migrationFactsForm.exactOptional(),
  /** The data gates that stand before it. */
  gates: z.array(z.string()),
  durationMs: ms.nullable(),
  up: z.array(statement),
  down: z.array(statement),
});
export type DossierTier = Formed<typeof tier>;

/** Production as it was when the dossier was written, read-only. */
const production = z.discriminatedUnion('read', [
  z.object({ read: z.literal(false), why: z.string() }),
  z.object({
    read: z.literal(true),
    at: instantForm,
    /** Against the state that was rehearsed. */
    schema: z.enum(['as rehearsed', 'changed since the rehearsal', 'not compared']),
    /** How it differs in what the release depends on; absent in older records. */
    drift: driftForm.exactOptional(),
    /** What else differs, by name; null: not known, absent in older records. */
    unrelated: unrelatedForm.nullable().exactOptional(),
    metrics: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        value: z.number().nullable(),
        /** As text, e.g. `= 0`; null: nothing is expected. */
        expected: z.string().nullable(),
        holds: z.boolean().nullable(),
      }),
    ),
    gates: z.array(z.object({ title: z.string(), state: z.enum(['open', 'closed']), text: z.string() })),
    /** Who would make the rollout wait. */
    blockers: z.array(z.string()),
    /** What of them our role cannot see; null: it sees all. */
    unseen: z.string().nullable(),
    /** That looking changed nothing. */
    harmless: z.string(),
  }),
]);
export type ProductionReading = Formed<typeof production>;

/** Everything that is shown to an approver, as data. The hash of its text (`dossierText`) is in what people sign. */
export const dossierForm = z.object({
  version: z.literal(1),
  writtenAt: instantForm,
  /** Whether the policy is for production. */
  production: z.boolean(),
  release: z.object({
    name: z.string(),
    title: z.string(),
    summary: z.string(),
    database: z.string(),
    seal: digestForm,
    sealedAt: instantForm,
  }),
  target: nameForm,
  /** Where the authors say that one can read more. */
  links: z.array(z.object({ title: z.string(), url: z.string() })).exactOptional(),
  authors: z.array(
    z.object({ name: z.string(), kind: z.enum(['agent', 'person']), instructedBy: z.string().nullable() }),
  ),
  risks: z.array(risk),
  back: z.object({
    verdict: z.enum(['strict', 'logical', 'not proven']),
    requires: z.enum(['strict', 'logical']),
    /** How it was proven, in one sentence. */
    how: z.string(),
    notProven: z.array(relationAndReason),
    /** What is not as it was before, after the rollback, by its causes: a line, and below it the lines of a definition; then how many properties. */
    differences: z.array(z.string()),
    differenceCount: z.number(),
    oneWay: z.array(z.object({ tier: z.string(), reason: z.string() })),
    losses: z.array(loss),
    leftovers: z.array(z.string()),
  }),
  changes: z.object({
    /** Null: the rehearsal did not record them. The first of them: dropped, then changed, then made; `objectCount` counts all. */
    objects: z.array(changeForm).nullable(),
    objectCount: z.number(),
    /** Objects that the forward run creates again, and what they lose; absent if there are none. */
    lost: z.array(z.string()).exactOptional(),
    /** Tables with rows that are emptied by TRUNCATE, as text; absent if there are none. */
    emptied: z.array(z.string()).exactOptional(),
    /** Statements that were to write, and changed no row; absent if there are none. */
    unmatched: z.array(z.string()).exactOptional(),
    /** Indexes that IF NOT EXISTS found, as text with their definitions; absent if there are none. */
    skipped: z.array(z.string()).exactOptional(),
    /** Sequences that will give values which rows have already; absent if there are none. */
    behind: z.array(z.string()).exactOptional(),
    rows: z.array(rowChange),
    /** Tables that have the name of a migration tool's history, which this release writes or makes without an import; absent if there are none. */
    histories: z.array(z.object({ relation: z.string(), tools: z.array(z.string()) })).exactOptional(),
  }),
  time: z.object({
    forwardMs: ms,
    backMs: ms.nullable(),
    /** Over all rehearsals of this seal that passed. */
    range: z.object({ leastMs: ms, mostMs: ms, rehearsals: z.number() }),
    walBytes: z.number(),
    rewrites: z.array(z.object({ relation: z.string(), bytes: z.number().nullable() })),
    /** What the measured times do not say, e.g. that a copy has no bloat. */
    caveats: z.array(z.string()),
  }),
  locks: z.array(lockSpan),
  now: production,
  /** What left the database, and what depends on more than its content. */
  outside: z.object({
    /** Why the release says that it reaches out; null: it says that it does not. */
    declared: z.string().nullable(),
    dispatch: z.array(z.string()),
    /** What could not be measured of it. */
    unmeasured: z.array(z.string()),
    /** Columns that the release declares to differ between two forward runs, and what else differed. */
    varies: z.array(z.string()),
  }),
  tiers: z.array(tier),
  options: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      decision: z.string(),
      reason: z.string(),
      trial: z.string(),
    }),
  ),
  /** Advice that was recorded before the dossier was written. */
  reviews: z.array(reviewForm),
  rehearsal: z.object({
    endedAt: instantForm,
    serverVersion: z.number(),
    digest: digestForm,
    /** Whose key recorded it: the key that also sealed the release, or another one. */
    measuredBy: z.enum(['its author', 'another key', 'not known']),
    /** As which role; absent where its record does not say. */
    role: z.object({ text: z.string(), isRollouts: z.boolean() }).exactOptional(),
    /** What it was run on a copy of. */
    golden: z.object({
      takenAt: instantForm,
      provider: z.string(),
      bytes: z.number(),
      /** How well it is known that it equals production. */
      proofLevel: z.string(),
      /** Where it came from, and what it does not contain, one line each. */
      origin: z.array(z.string()),
      /** Present where it lacked rows of production: times, locks and sizes are lower bounds. */
      sampled: z.literal(true).exactOptional(),
      /** How its objects stood to production's when the rehearsal began; absent in older records. */
      production: z.object({ is: z.enum(['equal', 'different', 'not compared']), text: z.string() }).exactOptional(),
    }),
    /** Its own, and later rehearsals of this seal that failed or are not readable. */
    problems: z.array(z.string()),
  }),
  evidence: z.array(z.object({ kind: z.string(), digest: digestForm, recordedAt: instantForm })),
});
export type Dossier = Formed<typeof dossierForm>;

/** What stands before a length of time or a size that was measured: on a sample of production each is a lower bound. */
export function leastOf({ rehearsal }: Pick<Dossier, 'rehearsal'>): '' | 'at least ' {
  return rehearsal.golden.sampled === true ? 'at least ' : '';
}
