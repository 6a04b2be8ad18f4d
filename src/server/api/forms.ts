import { z } from 'zod';

const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .describe('`sha256:` and 64 hexadecimal digits');
const instant = z.iso.datetime().describe('RFC 3339, UTC');
const goNoGo = z.enum(['GO', 'NO-GO']);
const execution = z.enum(['GO', 'NO-GO', 'DONE']);
const reasons = z.array(z.string());

const citation = z.strictObject({ kind: z.string(), digest, href: z.string() });

/** The GO / NO-GO report, as `oneroof report` writes it. */
export const reportForm = z
  .strictObject({
    version: z.literal(1),
    release: z.strictObject({ name: z.string(), title: z.string(), seal: digest, database: z.string() }),
    at: instant,
    policy: z.strictObject({ rehearsalMaxAge: z.number(), gateMaxAge: z.number() }).describe('milliseconds'),
    readiness: z.strictObject({ status: goNoGo, reasons }).describe('is the engineering complete and proven?'),
    execution: z
      .strictObject({ status: execution, reasons })
      .describe('may it be rolled out now? Only `GO` says so; `DONE`: all of it is rolled out and holds'),
    rolledOut: z.boolean().describe('whether that holds, `execution` says'),
    components: z.array(
      z.strictObject({
        id: z.string(),
        component: z.string(),
        status: z.enum([
          'GO',
          'GO, HELD at gate',
          'NO-GO',
          'NO-GO, REJECTED',
          'RETAINED',
          'CLOSED',
          'OPEN',
          'BLOCKED',
          'DONE',
        ]),
        evidence: z.string(),
        citations: z.array(citation),
      }),
    ),
    blockers: z.array(z.string()),
    next: z.array(z.string()),
    meanwhile: z.array(z.string()),
    compliance: z.array(z.string()),
    tiers: z.array(
      z.looseObject({
        id: z.string(),
        title: z.string(),
        steps: z.number(),
        state: z
          .enum(['done', 'running', 'open', 'closed', 'barred', 'back', 'unknown'])
          .describe("by the gate's own rows, in the newest look"),
      }),
    ),
    findings: z.array(z.string()),
    notProven: z.array(z.strictObject({ relation: z.string(), reason: z.string() })),
    evidence: z.array(citation.extend({ recordedAt: instant })),
    reviews: z.array(z.strictObject({ by: z.string(), finding: z.string(), text: z.string() })),
    after: z.strictObject({ rollout: z.array(z.string()), rollback: z.array(z.string()) }),
  })
  .meta({ id: 'Report' });

/** One release in short. */
export const releaseForm = z
  .strictObject({
    seal: digest,
    name: z.string(),
    title: z.string().nullable(),
    lastAt: instant.describe('when something of it was last recorded'),
    readiness: goNoGo.nullable().describe('null: its files were not recorded'),
    execution: execution.nullable(),
    blockers: z.array(z.string()),
  })
  .meta({ id: 'Release' });

/** One line of the evidence log. */
export const entryForm = z
  .strictObject({
    index: z.int(),
    kind: z.string(),
    digest,
    seal: digest,
    recordedAt: instant,
    size: z.int().describe('bytes'),
  })
  .meta({ id: 'Entry' });

/** Where a release stands on one target, now, read-only. */
export const standingForm = z
  .strictObject({
    target: z.string(),
    gate: z.enum(['open', 'done', 'closed']).describe('`done`: all of it is rolled out and holds'),
    reasons: z.array(z.string()).describe('why it is closed; else empty'),
    next: z.string().nullable().describe('the tier that comes next; null where it is not open'),
    ratification: digest.nullable(),
    persons: z.array(z.string()).describe('who signed, and counts'),
    done: z.array(z.strictObject({ tier: z.string(), direction: z.enum(['up', 'down']) })),
  })
  .meta({ id: 'Standing' });

/** A text: runbook, prompt or summary. */
export const textForm = z.strictObject({ markdown: z.string() }).meta({ id: 'Text' });

/** What is answered where something is not there, not let in, or wrong. */
export const problemForm = z
  .looseObject({ ok: z.literal(false), code: z.string(), text: z.string() })
  .meta({ id: 'Problem' });

/** Everything under its name, as the OpenAPI file holds it. */
export const releasesForm = z.strictObject({ releases: z.array(releaseForm) });
export const evidenceForm = z.strictObject({ entries: z.array(entryForm), checkpoint: z.string().nullable() });
