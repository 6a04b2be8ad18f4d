import { z } from 'zod';
import { digestForm, type Formed, instantForm, type Milliseconds, recordReader } from '../core/index.ts';

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

/** A piece of evidence that a line of the report rests on. */
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
const policy = z.strictObject({ rehearsalMaxAge: milliseconds, gateMaxAge: milliseconds });
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
  locks: z.array(z.string()),
  rewritten: z.array(z.string()),
  /** By the gate's own rows; `unknown` where they were not read after the last change on record. */
  state: z
    .enum(['done', 'running', 'open', 'closed', 'barred', 'back', 'unknown'])
    .describe("by the gate's own rows, in the newest look"),
  barred: z.string().nullable(),
  oneWay: z.string().nullable(),
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
    readiness: z.strictObject({ status: goNoGo, reasons }).describe('is the engineering complete and proven?'),
    /** `DONE`: all of it is rolled out and holds. Only `GO` is a permission. Its reasons say why it is not `GO`. */
    execution: z
      .strictObject({ status: z.enum(['GO', 'NO-GO', 'DONE']), reasons })
      .describe('may it be rolled out now? Only `GO` says so; `DONE`: all of it is rolled out and holds'),
    /** By the record or the gate's rows. */
    rolledOut: z.boolean().describe('whether that holds, `execution` says'),
    components: z.array(component),
    /** What blocks production; the document's "single blocker" when there is one. */
    blockers: z.array(z.string()),
    next: z.array(z.string()),
    meanwhile: z.array(z.string()),
    /** entry == exit. */
    compliance: z.array(z.string()),
    tiers: z.array(tier),
    /** What the rehearsal found out, one sentence each. */
    findings: z.array(z.string()),
    notProven: z.array(z.strictObject({ relation: z.string(), reason: z.string() })),
    evidence: z.array(citation.extend({ recordedAt: instantForm })),
    target: z.string().nullable().describe('whose registry says what counts; null: nobody asked for one'),
    whose: z.string().describe('whose entries count: in a sentence, or empty where nobody said'),
    /** Listed, and left out of all of the above. */
    uncounted: z
      .array(citation.extend({ recordedAt: instantForm, index: z.number(), why: z.string() }))
      .describe('what was recorded and does not count: by a key that may not say it'),
    /** Advisory: they never count as ratification. */
    reviews: z.array(z.strictObject({ by: z.string(), finding: z.string(), text: z.string() })),
    after: z.strictObject({ rollout: z.array(z.string()), rollback: z.array(z.string()) }),
  })
  .meta({ id: 'Report' });
export type Report = Formed<typeof reportForm>;
export const readReport = recordReader(reportForm);
