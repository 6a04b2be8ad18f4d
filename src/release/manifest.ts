import { z } from 'zod';
import { parseDuration, parseSize } from '../core/index.ts';
import { readTimezone } from './settings.ts';

const duration = z
  .string()
  .refine((text) => parseDuration(text) !== null, 'expected a duration such as 200ms, 2s, 5min, 1h')
  .transform((text) => parseDuration(text) ?? 0);
const size = z
  .string()
  .refine((text) => parseSize(text) !== null, 'expected a size such as 0B, 64MB, 2GB')
  .transform((text) => parseSize(text) ?? 0);
const timezone = z
  .string()
  .refine(
    (text) => readTimezone(text) !== null,
    'expected a time zone such as Europe/Berlin, UTC, or an offset such as "+02:00"',
  )
  .transform((text) => readTimezone(text) ?? '');
const line = z.string().min(1, 'expected a text').max(300, 'expected at most 300 characters');
const metricName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'expected lower-case letters, digits and underscores');
const tierId = z
  .string()
  .regex(/^[1-9][0-9]{0,2}-[a-z0-9]+(-[a-z0-9]+)*$/, 'expected a number, a hyphen and a name, e.g. 3-ownership');
const customName = z
  .string()
  .regex(/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)+$/, 'expected a name with a dot, in lower case, e.g. app.mode');
const slug = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected lower-case letters, digits and hyphens')
  .max(63);
const bounds = { equals: z.number().optional(), atLeast: z.number().optional(), atMost: z.number().optional() };
const bounded = (value: {
  equals?: number | undefined;
  atLeast?: number | undefined;
  atMost?: number | undefined;
}): boolean =>
  value.equals === undefined
    ? value.atLeast !== undefined || value.atMost !== undefined
    : value.atLeast === undefined && value.atMost === undefined;
const boundsAdvice = 'expected `equals` alone, or `atLeast`, `atMost` or both';
const expectation = z.union(
  [z.number().transform((equals) => ({ equals })), z.strictObject(bounds).refine(bounded, boundsAdvice)],
  {
    error: 'expected a number, or {atLeast, atMost}',
  },
);
const expectations = z.record(metricName, expectation).default({});
const after = z.array(z.strictObject({ title: line, run: line.optional() })).default([]);

/** `schema.table`; a part may be quoted as in SQL, and may end with `*`. */
const relationPattern = /^(?:"(?:[^"]|"")+"\*?|[^."\s]+)\.(?:"(?:[^"]|"")+"\*?|[^."\s]+)$/;

/** The form of release.yaml: docs/FORMAT.md describes every key. */
export const manifestSchema = z.strictObject({
  format: z.literal(1, 'expected 1, the only format there is'),
  name: slug,
  title: line,
  summary: z.string().max(4000).default(''),
  database: line,
  touches: z
    .array(
      z.string().regex(relationPattern, 'expected schema.table, quoted as in SQL where a name holds a dot or a space'),
    )
    .default([]),
  varies: z
    .array(
      z
        .string()
        .regex(/^[^.\s]+\.[^.\s]+(\.[^.\s]+)?$/, 'expected schema.table.column, or schema.name of a view or sequence'),
    )
    .default([]),
  requires: z.enum(['logical', 'strict']).default('logical'),
  rerunnable: z.boolean().default(false),
  authors: z
    .array(z.strictObject({ name: line, kind: z.enum(['agent', 'person']), instructedBy: line.optional() }))
    .default([]),
  settings: z
    .strictObject({
      lockTimeout: duration.prefault('2s'),
      statementTimeout: duration.prefault('5min'),
      searchPath: z.array(line).min(1).default(['public']),
      role: line.optional(),
      timezone: timezone.optional(),
      custom: z.record(customName, z.string().max(1000, 'expected at most 1000 characters')).default({}),
    })
    .prefault({}),
  budgets: z
    .strictObject({ lock: duration.optional(), total: duration.optional(), rewrite: size.optional() })
    .prefault({}),
  metrics: z.record(metricName, z.union([line, z.strictObject({ title: line, file: line.optional() })])).default({}),
  invariants: z.strictObject({ greenfield: expectations, finalized: expectations, always: expectations }).prefault({}),
  tiers: z
    .array(
      z.strictObject({
        id: tierId,
        title: line,
        transaction: z.enum(['single', 'each']).default('single'),
        oneWay: line.optional(),
        barred: line.optional(),
        rerunnable: z.boolean().default(false),
      }),
    )
    .min(1, 'expected at least one tier'),
  gates: z
    .array(
      z
        .strictObject({ id: slug, title: line, metric: metricName, ...bounds, before: tierId })
        .refine(bounded, boundsAdvice),
    )
    .default([]),
  options: z
    .array(
      z.strictObject({ id: slug, title: line, decision: z.enum(['chosen', 'declined', 'rejected']), reason: line }),
    )
    .default([]),
  reviews: z
    .array(
      z.strictObject({
        by: line,
        finding: z.enum(['agrees', 'objects', 'comments', 'pending']),
        text: z.string().max(4000).default(''),
      }),
    )
    .default([]),
  allows: z
    .strictObject({
      cascade: line.optional(),
      definer: line.optional(),
      dispatch: line.optional(),
      switchOff: line.optional(),
      notValid: line.optional(),
      emptyUp: line.optional(),
    })
    .prefault({}),
  after: z.strictObject({ rollout: after, rollback: after }).prefault({}),
  next: z.array(z.strictObject({ title: line, gated: z.boolean() })).default([]),
});

/** release.yaml, checked by itself: not yet against the other files. */
export type Manifest = z.output<typeof manifestSchema>;
