import { z } from 'zod';
import { elapsed, formatDuration, type Digest, type Instant, type Milliseconds } from '../core/index.ts';
import { type Entry, type Evidence, type EvidenceKind, type StatementDigest } from '../evidence/index.ts';
import { leftoverForm } from '../rehearsal/index.ts';
import { type Citation } from './report.ts';

const time = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), 'must be a time')
  .transform((text) => text as Instant);
const problem = z.looseObject({ problem: z.string() });
const metrics = z.record(z.string(), z.number());

const goldenBody = z.looseObject({
  generation: z.number(),
  takenAt: time,
  proofLevel: z.string(),
  method: z.string(),
  bytes: z.number(),
  durationMs: z.number(),
  database: z.string(),
});

const sealBody = z.looseObject({ release: z.string(), seal: z.string() });

const step = z.looseObject({
  tier: z.string(),
  durationMs: z.number(),
  rows: z.number().nullable(),
  locks: z.array(z.looseObject({ relation: z.string(), mode: z.string() })),
  rewritten: z.array(z.string()),
});

const rehearsalBody = z.looseObject({
  seal: z.string(),
  outcome: z.enum(['passed', 'failed']),
  endedAt: time,
  golden: goldenBody,
  clone: z.looseObject({ durationMs: z.number(), dropMs: z.number().nullable(), kept: z.string().nullable() }),
  stages: z.array(
    z.looseObject({
      stage: z.string(),
      durationMs: z.number(),
      outcome: z.enum(['passed', 'failed']),
      problems: z.array(problem),
      steps: z.array(step),
    }),
  ),
  proof: z
    .looseObject({
      method: z.enum(['changed blocks', 'full']),
      fallback: z.string().nullable(),
      whole: z.number(),
      blocks: z.number(),
      strict: z.enum(['equal', 'different']),
      logical: z.enum(['equal', 'different']),
      differenceCount: z.number(),
      notProven: z.array(z.looseObject({ relation: z.string(), reason: z.string() })),
      relations: z.number(),
      rows: z.string(),
    })
    .nullable(),
  twin: z
    .looseObject({
      prepared: z.looseObject({ turned: z.array(z.string()), kept: z.array(z.looseObject({ relation: z.string() })) }),
      declared: z.array(z.string()),
    })
    .nullable(),
  dispatch: z.looseObject({
    declared: z.string().nullable(),
    network: z.string(),
    notifications: z.looseObject({ sent: z.enum(['none', 'some', 'not measured']) }),
  }),
  leftovers: z.array(leftoverForm),
  idempotent: z.boolean().nullable(),
  repeatable: z.boolean().nullable(),
  options: z.array(
    z.looseObject({
      option: z.string(),
      outcome: z.enum(['collides', 'compatible', 'fails']),
      problems: z.array(problem),
    }),
  ),
  problems: z.array(problem),
});

const reason = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('data-gate'),
    gate: z.string(),
    title: z.string(),
    metric: z.string(),
    measured: z.number(),
    required: z.string(),
    before: z.string(),
  }),
  z.object({ kind: z.literal('invariant'), metric: z.string(), measured: z.number(), required: z.string() }),
  z.object({ kind: z.literal('unmeasured'), metric: z.string(), problem: z.string() }),
  z.object({ kind: z.literal('unreachable'), problem: z.string() }),
  z.object({ kind: z.literal('not-ratified'), problem: z.string() }),
]);

const baseline = z.looseObject({ takenAt: time, metrics, schemaDigest: z.string() }).nullable();

const direction = z.enum(['up', 'down']);
const cycle = z.string().transform((text) => text as StatementDigest);
const opens = z.discriminatedUnion('what', [
  z.object({ what: z.literal('rollout') }),
  z.object({ what: z.literal('tier'), tier: z.string(), cycle }),
  z.object({ what: z.literal('rollback'), cycle }),
]);
const perDirection = z.object({ up: z.string().nullable(), down: z.string().nullable() });
const rows = z.discriminatedUnion('state', [
  z.object({ state: z.literal('unread'), why: z.string() }),
  z.object({
    state: z.literal('read'),
    schema: z.string(),
    cycles: z.array(
      z.object({
        statement: z.string().transform((text) => text as StatementDigest),
        seal: z.string(),
        opens,
        persons: z.array(z.string()),
        closed: perDirection,
        next: perDirection,
        done: z.array(
          z.object({ direction, tier: z.string(), epoch: z.number(), steps: z.number(), schemaAfter: z.string() }),
        ),
        steps: z.array(z.object({ direction, tier: z.string(), n: z.number() })),
      }),
    ),
  }),
]);

const gateBody = z.looseObject({
  seal: z.string(),
  target: z.string().optional(),
  verdict: z.discriminatedUnion('decision', [
    z.object({ decision: z.literal('OPEN') }),
    z.object({ decision: z.literal('BLOCKED'), reasons: z.array(reason).min(1) }),
  ]),
  entry: baseline,
  exit: baseline,
  // records of before the gate was asked have none
  rows: rows.optional(),
  changedMeanwhile: z.array(z.string()),
  readAt: time,
});

/** What the report reads of a rehearsal. */
export type RehearsalBody = z.infer<typeof rehearsalBody>;
/** What the report reads of a look at production. */
export type GateBody = z.infer<typeof gateBody>;
/** What the report reads of a golden copy. */
export type GoldenBody = z.infer<typeof goldenBody>;

/** Evidence that may be relied on, or the reason why there is none. */
export type Found<Body> =
  | { readonly found: true; readonly body: Body; readonly citations: readonly Citation[] }
  | { readonly found: false; readonly reason: string; readonly citations: readonly Citation[] };

/** Where evidence is looked for, and at what time. */
export interface Search {
  readonly seal: Digest;
  readonly evidence: readonly Evidence[];
  readonly now: Instant;
  readonly hrefOf: (entry: Entry) => string;
}

/** The citation of one entry. */
export function cite(entry: Entry, search: Search): Citation {
  return { kind: entry.kind, digest: entry.digest, href: search.hrefOf(entry) };
}

/** The newest seal of this release. */
export function findSeal(search: Search): Found<z.infer<typeof sealBody>> {
  return sealed(newest(search, 'seal', sealBody), search.seal);
}

/** The newest golden copy recorded for this release. */
export function findGolden(search: Search): Found<GoldenBody> {
  return newest(search, 'golden', goldenBody);
}

/** The newest rehearsal of this release, not older than the policy allows. */
export function findRehearsal(search: Search, maxAge: Milliseconds): Found<RehearsalBody> {
  const found = sealed(newest(search, 'rehearsal', rehearsalBody), search.seal);
  return found.found ? fresh(found, { at: found.body.endedAt, now: search.now, maxAge, what: 'rehearsal' }) : found;
}

/** The newest look at production for this release, not older than the policy allows. */
export function findGate(search: Search, maxAge: Milliseconds): Found<GateBody> {
  const found = sealed(newest(search, 'gate', gateBody), search.seal);
  return found.found ? fresh(found, { at: found.body.readAt, now: search.now, maxAge, what: 'gate reading' }) : found;
}

// An unreadable newest piece is not skipped: an older, better one must not stand in for it.
function newest<Body>(search: Search, kind: EvidenceKind, schema: z.ZodType<Body>): Found<Body> {
  const all = search.evidence.filter(({ entry }) => entry.kind === kind);
  const own = all.filter(({ entry }) => entry.seal === search.seal).sort((a, b) => b.entry.index - a.entry.index);
  const [piece] = own;
  if (piece === undefined) {
    const reason = all.length === 0 ? `no ${kind} evidence` : `the ${kind} evidence is of another seal`;
    return { found: false, reason, citations: [] };
  }
  const citations = [cite(piece.entry, search)];
  if (!piece.readable)
    return { found: false, reason: `the ${kind} evidence cannot be read: ${piece.reason}`, citations };
  const read = schema.safeParse(piece.body);
  if (read.success) return { found: true, body: read.data, citations };
  const [issue] = read.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'body' : issue.path.join('.');
  return {
    found: false,
    reason: `the ${kind} evidence cannot be read: ${where}: ${issue?.message ?? 'is not as expected'}`,
    citations,
  };
}

function sealed<Body extends { readonly seal: string }>(found: Found<Body>, seal: Digest): Found<Body> {
  if (!found.found || found.body.seal === seal) return found;
  return { found: false, reason: 'the evidence speaks of another seal', citations: found.citations };
}

function fresh<Body>(
  found: Found<Body>,
  age: { readonly at: Instant; readonly now: Instant; readonly maxAge: Milliseconds; readonly what: string },
): Found<Body> {
  const old = elapsed({ from: age.at, to: age.now });
  if (old < 0)
    return { found: false, reason: `the ${age.what} is dated later than this report`, citations: found.citations };
  if (old <= age.maxAge) return found;
  const reason = `the ${age.what} is stale: ${formatDuration(old)} old, at most ${formatDuration(age.maxAge)} allowed`;
  return { found: false, reason, citations: found.citations };
}
