import { z } from 'zod';
import { digestForm, type Formed, instantForm, type Milliseconds, recordReader } from '../core/index.ts';
import { migrationFactsForm } from '../release/index.ts';
import { reviewForm } from '../reviews/index.ts';

const goNoGo = z.enum(['GO', 'NO-GO']);
const reasons = z.array(z.string());
const milliseconds = z.number() as unknown as z.ZodType<Milliseconds>;

/** The statuses of the origin document, and one for what is rolled out and holds. */
const status = z.enum([
  'GO',
  'GO, HELD at gate',
  'NO-GO',
  'NO-GO, REJECTED',
  'RETAINED',
  'CLOSED',
  'OPEN',
  'BLOCKED',
  'DONE',
]);
export type Status = z.output<typeof status>;

/** A piece of evidence that a line of the report uses. */
const citation = z.strictObject({
  kind: z.string(),
  digest: digestForm,
  /** Relative to the report's folder. */
  href: z.string(),
});
export type Citation = Formed<typeof citation>;

/** One line of the classification matrix. */
const component = z.strictObject({
  id: z.string(),
  component: z.string(),
  status,
  evidence: z.string(),
  citations: z.array(citation),
});
export type Component = Formed<typeof component>;

/** What the report demands of evidence. */
const policy = z.strictObject({
  rehearsalMaxAge: milliseconds,
  gateMaxAge: milliseconds,
  /** Rehearsals on a sample of production counted, by the policy of the target; absent: they did not. */
  sampled: z.literal('allowed').exactOptional(),
});
export type ReportPolicy = Formed<typeof policy>;

/** What the rehearsal measured in one tier, forward. */
const tier = z.strictObject({
  id: z.string(),
  title: z.string(),
  /** Statements. */
  steps: z.number(),
  /** Null where the tier was not reached. */
  durationMs: z.number().nullable(),
  rows: z.number().nullable(),
  /** The strongest lock on each relation, and how long it was held with what the gate's own checks add. Milliseconds. */
  locks: z.array(z.strictObject({ relation: z.string(), mode: z.string(), heldMs: z.number() })),
  rewritten: z.array(z.string()),
  /** By the gate's own rows; `unknown` where they were not read after the last change on record. */
  state: z
    .enum(['done', 'running', 'open', 'closed', 'barred', 'back', 'unknown'])
    .describe("by the gate's own rows, in the newest reading"),
  barred: z.string().nullable(),
  oneWay: z.string().nullable(),
  /** What it is to the tool whose migration it is; absent: people wrote it. */
  migration: migrationFactsForm
    .exactOptional()
    .describe(
      'its files in the repository with their SHA-256, and the row that it writes into the history of its tool',
    ),
  /** How a tier runs that runs outside of any transaction; absent for others. */
  outside: z.string().exactOptional(),
  /** The data gates that stand before this tier, with their state. */
  gates: z.array(z.strictObject({ title: z.string(), state: z.enum(['open', 'closed', 'unknown']) })),
});
export type TierFacts = Formed<typeof tier>;

/** The GO / NO-GO report: readiness (the engineering is complete and proven) and production execution (allowed now?) are two verdicts. */
export const reportForm = z
  .strictObject({
    version: z.literal(1),
    release: z.strictObject({ name: z.string(), title: z.string(), seal: digestForm, database: z.string() }),
    at: instantForm,
    /** What it demanded of evidence: with it, the report can be built again. */
    policy: policy.describe('milliseconds'),
    /** Absent in older records, and where there is none. */
    copy: z
      .array(z.string())
      .exactOptional()
      .describe('where the copy of production came from, its age at the rehearsal, and what it does not contain'),
    readiness: z.strictObject({ status: goNoGo, reasons }).describe('is the technical work complete and proven?'),
    /** `DONE`: everything is rolled out, and schema and invariants hold. Only `GO` is a permission. Its reasons say why it is not `GO`. */
    execution: z
      .strictObject({ status: z.enum(['GO', 'NO-GO', 'DONE']), reasons })
      .describe(
        'may it be rolled out now? Only `GO` says so; `DONE`: everything is rolled out, and schema and invariants hold',
      ),
    /** By the record or the gate's rows. */
    rolledOut: z.boolean().describe('`execution` says whether schema and invariants hold'),
    components: z.array(component),
    /** What blocks production; the document's "single blocker" when there is one. */
    blockers: z.array(z.string()),
    /** People who declined it, and why; absent in older records. */
    declined: z
      .array(z.string())
      .exactOptional()
      .describe('who declined it on this target, and why: signed; it closes nothing by itself'),
    next: z.array(z.string()),
    meanwhile: z.array(z.string()),
    /** entry == exit. */
    compliance: z.array(z.string()),
    /** Present where the copy was a sample of production: production takes at least so long. */
    bound: z
      .literal('at least')
      .exactOptional()
      .describe('present if the copy was a sample of production: times and lock durations are lower bounds'),
    tiers: z.array(tier),
    /** What the rehearsal found out, one sentence each. */
    findings: z.array(z.string()),
    notProven: z.array(z.strictObject({ relation: z.string(), reason: z.string() })),
    evidence: z.array(citation.extend({ recordedAt: instantForm })),
    target: z
      .string()
      .nullable()
      .describe('the target that both verdicts are about; its registry says what counts; null: no target was named'),
    whose: z.string().describe('whose entries count, as a sentence; empty if unknown'),
    /** Listed, and left out of all of the above. */
    uncounted: z
      .array(citation.extend({ recordedAt: instantForm, index: z.number(), why: z.string() }))
      .describe('recorded entries that do not count: their key lacks the right'),
    reviews: z
      .array(reviewForm)
      .describe('advice of other agents and people, signed after the seal: the newest of each key; it fills no seat'),
    after: z.strictObject({ rollout: z.array(z.string()), rollback: z.array(z.string()) }),
  })
  .meta({ id: 'Report' });
export type Report = Formed<typeof reportForm>;
export const parseReport = recordReader(reportForm);

/** The target of a report, as text: a verdict always names it. */
export function targetText({ target }: Pick<Report, 'target'>): string {
  return target ?? 'no named target';
}
