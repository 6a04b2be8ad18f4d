import { z } from 'zod';
import {
  type Bytes,
  canonicalJson,
  digestForm,
  type Formed,
  type Json,
  type Milliseconds,
  nameForm,
  recordReader,
} from '../core/index.ts';
import { sealedImportForm } from './imported-form.ts';
import { type Probe, probeForm } from './probe.ts';
import {
  type Expectation,
  type MetricName,
  type Release,
  type ReleaseName,
  type ReleaseSettings,
  type Seal,
  type SealedRelease,
  type Step,
  type TierId,
} from './release.ts';
import { type SealDocument, sealOf } from './seal.ts';

const text = <T extends string = string>() => z.custom<T>((value) => typeof value === 'string');
const length = z.custom<Milliseconds>((value) => typeof value === 'number' && value >= 0);
const reason = z.string().nullable();
const place = { file: '', line: 1, column: 1 };
/** A seal holds a statement by its digest alone. */
const step = digestForm.transform(
  (digest): Step => ({ sql: '', digest, kind: '', title: '', place, transactional: true }),
);
const steps = z.array(step);
const expectation = z.custom<Expectation>((value) => typeof value === 'object' && value !== null);
const expectations = z.record(z.string(), expectation);
const batchedTables = z.array(z.object({ schema: z.string(), table: z.string() }).nullable());
const batches = z
  .object({ by: z.string(), rows: z.int().positive(), up: batchedTables, down: batchedTables })
  .exactOptional();
const after = z.array(z.object({ title: z.string(), run: reason }));

const tierKeys = {
  id: text<TierId>(),
  order: z.int().positive(),
  title: z.string(),
  up: steps,
  down: steps,
  oneWay: reason,
  check: steps,
  barred: reason,
  rerunnable: z.literal(true).exactOptional(),
  drafted: z.literal(true).exactOptional(),
};
const probes = z.array(probeForm);
const outsideTier = z
  .object({
    ...tierKeys,
    transaction: z.literal('outside'),
    wait: length,
    probes: z.object({ up: probes, down: probes }),
  })
  .refine(({ up, down, probes: of }) => up.length === of.up.length && down.length === of.down.length)
  .transform(({ probes: of, ...tier }) => ({ ...tier, up: probed(tier.up, of.up), down: probed(tier.down, of.down) }));

function probed(bare: readonly Step[], by: readonly Probe[]): readonly Step[] {
  return bare.map((one, at) => ({ ...one, transactional: false, probe: by[at] as Probe }));
}

const form = z.object({
  name: text<ReleaseName>(),
  title: z.string(),
  summary: z.string(),
  database: z.string(),
  touches: z.array(z.string()),
  varies: z.array(z.string()),
  expects: z.object({ partitionsOf: z.array(z.string()) }).exactOptional(),
  imported: sealedImportForm.exactOptional(),
  requires: z.enum(['logical', 'strict']),
  rerunnable: z.literal(true).exactOptional(),
  authors: z.array(z.object({ name: z.string(), kind: z.enum(['agent', 'person']), instructedBy: reason })),
  links: z.array(z.object({ title: z.string(), url: z.string() })).exactOptional(),
  settings: z.custom<ReleaseSettings>(
    (value) =>
      z
        .object({
          lockTimeout: length,
          statementTimeout: length,
          searchPath: z.array(z.string()),
          role: reason,
          custom: z.record(z.string(), z.string()).optional(),
          timezone: z.string().optional(),
        })
        .safeParse(value).success,
  ),
  budgets: z.custom<{ lock: Milliseconds | null; total: Milliseconds | null; rewrite?: Bytes }>(
    (value) => typeof value === 'object' && value !== null,
  ),
  tiers: z.array(
    z.union([z.object({ ...tierKeys, transaction: z.enum(['single', 'each']), batched: batches }), outsideTier]),
  ),
  metrics: z.array(z.object({ name: text<MetricName>(), title: z.string(), query: step })),
  invariants: z.object({ greenfield: expectations, finalized: expectations, always: expectations }),
  gates: z.array(
    z.object({ id: z.string(), title: z.string(), metric: text<MetricName>(), expectation, before: text<TierId>() }),
  ),
  options: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      decision: z.enum(['chosen', 'declined', 'rejected']),
      reason: z.string(),
      up: steps,
    }),
  ),
  allows: z.record(z.string(), z.string()),
  after: z.object({ rollout: after, rollback: after }),
  next: z.array(z.object({ title: z.string(), gated: z.boolean() })),
});

/**
 * Reads a release out of the document that was sealed: everything but the text of its statements, so it can be judged, and not run.
 * Null where the document has another form. The seal is the document's own digest.
 */
export function releaseOfSeal(document: Json): SealedRelease | null {
  const parsed = form.safeParse(document);
  if (!parsed.success || typeof document !== 'object' || document === null || Array.isArray(document)) return null;
  const release: Release = { ...parsed.data, folder: '' };
  return { release, seal: sealOf(JSON.parse(canonicalJson(document))) };
}

/** What `seal.json` holds: the seal, and the document that it was taken of. */
const fileForm = z.object({ seal: z.string(), document: z.record(z.string(), z.json()) });

/** Reads it; null where it is none. Whether the seal is the document's is for the reader to compare. */
export function readSealFile(value: unknown): { readonly seal: Seal; readonly document: SealDocument } | null {
  const read = fileForm.safeParse(value);
  return read.success ? (value as { seal: Seal; document: SealDocument }) : null;
}

/** The record of a seal: with its files, so that whoever has the evidence can read the release itself. Evidence of kind `seal`. */
const recordForm = z.object({
  version: z.literal(1),
  release: nameForm,
  seal: digestForm,
  /** Name → text; absent in older records. */
  files: z.record(z.string(), z.string()).exactOptional(),
});
export type SealRecord = Formed<typeof recordForm>;
export const readSealRecord = recordReader(recordForm);
