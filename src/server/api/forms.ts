import { z } from 'zod';
import { digestForm as digest, instantForm as instant } from '../../core/index.ts';
import { reportForm } from '../../report/index.ts';

const { readiness, execution } = reportForm.shape;

/** One release in short. */
export const releaseForm = z
  .strictObject({
    seal: digest,
    name: z.string(),
    title: z.string().nullable(),
    lastAt: instant.describe('when something of it was last recorded'),
    readiness: readiness.shape.status.nullable().describe('null: its files were not recorded'),
    execution: execution.shape.status.nullable(),
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
    uncounted: z.string().nullable().describe('why it does not count; else null'),
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
export const evidenceForm = z.strictObject({
  entries: z.array(entryForm),
  checkpoint: z.string().nullable(),
});
