import { z } from 'zod';
import { type Digest, type Instant } from '../core/index.ts';
import { type Evidence } from '../evidence/index.ts';
import { leftoverForm } from '../rehearsal/index.ts';

const time = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), 'must be a time')
  .transform((text) => text as Instant);
const problem = z.looseObject({ code: z.string(), problem: z.string() });

const outward = z.looseObject({
  called: z
    .array(
      z.object({
        function: z.string(),
        language: z.string(),
        extension: z.string().nullable(),
        calls: z.number(),
      }),
    )
    .nullable(),
  foreign: z.array(z.object({ relation: z.string(), server: z.string() })),
  modules: z.array(z.string()).nullable(),
});

const step = z.looseObject({
  tier: z.string(),
  direction: z.enum(['up', 'down']),
  index: z.number(),
  digest: z.string(),
  measured: z.enum(['whole', 'sampled']),
  durationMs: z.number(),
  rows: z.number().nullable(),
  rowsByRelation: z.array(
    z.object({ relation: z.string(), inserted: z.number(), updated: z.number(), deleted: z.number() }),
  ),
  locks: z.array(
    z.object({
      relation: z.string(),
      mode: z.string(),
      kind: z.string().optional(),
      age: z.enum(['existing', 'new']),
      heldMs: z.number(),
      // records of before this was measured have none
      fromMs: z.number().optional(),
    }),
  ),
  rewritten: z.array(z.string()),
  rewrittenTables: z.array(z.string()).optional(),
  largestRewrite: z.object({ relation: z.string(), bytes: z.number() }).nullable(),
  walBytes: z.number(),
  outward,
  notices: z.array(z.looseObject({ severity: z.string(), message: z.string() })),
});

const difference = z.looseObject({
  in: z.enum(['schema', 'rows', 'sequence']),
  level: z.enum(['logical', 'strict']),
  kind: z.string(),
  name: z.string(),
  property: z.string().nullable(),
  before: z.json(),
  after: z.json(),
});

const body = z.looseObject({
  seal: z.string(),
  outcome: z.enum(['passed', 'failed']),
  startedAt: time,
  endedAt: time,
  serverVersion: z.number(),
  golden: z.looseObject({ takenAt: time, provider: z.string(), bytes: z.number(), proofLevel: z.string() }),
  stages: z.array(z.looseObject({ stage: z.string(), outcome: z.enum(['passed', 'failed']), steps: z.array(step) })),
  proof: z
    .looseObject({
      method: z.enum(['changed blocks', 'full']),
      fallback: z.string().nullable(),
      strict: z.enum(['equal', 'different']),
      logical: z.enum(['equal', 'different']),
      differences: z.array(difference),
      differenceCount: z.number(),
      notProven: z.array(z.looseObject({ relation: z.string(), reason: z.string() })),
      relations: z.number(),
      whole: z.number(),
      blocks: z.number(),
      rows: z.string(),
      objects: z.number(),
    })
    .nullable(),
  gateSchema: z.string().nullable(),
  schemaBefore: z.string().optional(),
  changes: z
    .object({
      objects: z.array(
        z.object({
          kind: z.string(),
          name: z.string(),
          change: z.enum(['made', 'changed', 'dropped']),
          properties: z.array(z.object({ name: z.string(), before: z.string(), after: z.string() })),
        }),
      ),
      count: z.number(),
      sequences: z.array(z.string()),
    })
    .nullish(),
  twin: z
    .looseObject({
      varies: z.array(z.looseObject({ object: z.string(), columns: z.array(z.string()) })),
      declared: z.array(z.string()),
    })
    .nullable(),
  idempotent: z.boolean().nullable(),
  repeatable: z.boolean().nullable(),
  options: z.array(
    z.looseObject({
      option: z.string(),
      outcome: z.enum(['collides', 'compatible', 'fails']),
      problems: z.array(problem),
    }),
  ),
  dispatch: z.looseObject({
    declared: z.string().nullable(),
    network: z.enum(['none', 'host']),
    notifications: z.object({
      sent: z.enum(['none', 'some', 'not measured']),
      heard: z.array(z.object({ channel: z.string(), payload: z.string() })),
      heardCount: z.number(),
    }),
    called: z.array(z.unknown()).nullable(),
    modules: z.array(z.string()).nullable(),
  }),
  leftovers: z.array(leftoverForm),
  problems: z.array(problem),
});

/** What a dossier reads of a rehearsal. */
export type Measured = z.infer<typeof body>;
/** What a dossier reads of one statement on the clone. */
export type MeasuredStep = z.infer<typeof step>;

/** A rehearsal of one seal among the evidence, or why its record cannot be read. */
export type Found =
  | { readonly digest: Digest; readonly recordedAt: Instant; readonly body: Measured }
  | { readonly digest: Digest; readonly recordedAt: Instant; readonly body: null; readonly reason: string };

/** All rehearsals of a seal, oldest first. One that cannot be read is not passed over: what it says is not known. */
export function rehearsalsOf(evidence: readonly Evidence[], seal: Digest): readonly Found[] {
  return evidence
    .filter(({ entry }) => entry.kind === 'rehearsal' && entry.seal === seal)
    .toSorted((a, b) => a.entry.index - b.entry.index)
    .map((piece): Found => {
      const { digest, recordedAt } = piece.entry;
      if (!piece.readable) return { digest, recordedAt, body: null, reason: piece.reason };
      const read = body.safeParse(piece.body);
      if (!read.success) {
        const [issue] = read.error.issues;
        return { digest, recordedAt, body: null, reason: `${issue?.path.join('.') || 'body'}: ${issue?.message}` };
      }
      if (read.data.seal !== seal) return { digest, recordedAt, body: null, reason: 'it speaks of another seal' };
      return { digest, recordedAt, body: read.data };
    });
}
