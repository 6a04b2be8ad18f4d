import { z } from 'zod';
import { canonicalJson, digest, digestForm, type Json, OneRoofError, printable, stated } from '../core/index.ts';
import type { DataFingerprint, SchemaFingerprint } from './fingerprint.ts';

/** The fingerprint of one database as it is kept in a file. */
export interface FingerprintDocument {
  readonly version: 1;
  /** For people: which database, where, as whom; no password. */
  readonly of: string;
  /** `server_version_num`, e.g. 180004. */
  readonly serverVersion: number;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  readonly schema: SchemaFingerprint;
  /** null: only the schema was read. */
  readonly data: DataFingerprint | null;
}

const members = z.record(z.string(), z.json()) as z.ZodType<Readonly<Record<string, Json>>>;
const integer = z.string().regex(/^-?\d+$/, 'expected an integer as text');

const data = z.object({
  version: z.literal(1),
  hash: z.enum(['fast', 'strong']),
  seeds: z.tuple([integer, integer]),
  relations: z.array(
    z.object({
      relation: z.string(),
      kind: z.enum(['table', 'materialized view', 'large objects']),
      rows: integer,
      sums: z.array(integer),
    }),
  ),
  sequences: z.array(z.object({ sequence: z.string(), lastValue: integer, isCalled: z.boolean(), increment: integer })),
  notProven: z.array(z.object({ relation: z.string(), reason: z.string() })),
  digest: digestForm,
});

/** The output of `oneroof fingerprint`, without the fields of every output. */
export const fingerprintForm = z.object({
  schema: z.literal('oneroof/fingerprint/1'),
  fingerprint: z.object({
    version: z.literal(1),
    of: z.string(),
    serverVersion: z.number(),
    takenAt: z.string(),
    schema: z.object({
      version: z.literal(1),
      digest: digestForm,
      logicalDigest: digestForm,
      objects: z.array(z.object({ kind: z.string(), name: z.string(), logical: members, strict: members })),
      // absent in older files
      noticed: z
        .array(z.object({ kind: z.string(), option: z.string(), count: integer, first: z.string() }))
        .default([]),
    }),
    data: data.nullable(),
  }),
});

/**
 * Reads what `oneroof fingerprint` wrote, and takes its digests again: a file that was edited or cut off is refused.
 * The digests find damage; they are no signature.
 *
 * Errors  FINGERPRINT_INVALID.
 */
export function parseFingerprint(text: string, file: string): FingerprintDocument {
  const parsed = fingerprintForm.safeParse(jsonOf(text, file));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(file, `${issue?.path.join('.') || 'the whole of it'}: ${issue?.message}`);
  }
  const { fingerprint } = parsed.data;
  const { schema } = fingerprint;
  const logical = schema.objects.map(({ kind, name, logical: of }) => canonicalJson({ kind, name, logical: of }));
  if (
    digest('schema', schema.objects.map(canonicalJson)) !== schema.digest ||
    digest('schema', logical) !== schema.logicalDigest
  )
    throw invalid(file, 'the digests of the schema do not match its objects');
  if (
    fingerprint.data !== null &&
    digest('rows', [canonicalJson(fingerprint.data.relations)]) !== fingerprint.data.digest
  )
    throw invalid(file, 'the digest of the rows does not match its relations');
  return fingerprint;
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(file, 'it is not JSON');
  }
}

function invalid(file: string, why: string): OneRoofError {
  return new OneRoofError('FINGERPRINT_INVALID', {
    ...stated`${{ file: printable(file) }} is not a fingerprint that can be compared: ${{ why: printable(why) }}`,
    fix: 'make it again: oneroof fingerprint TARGET --rows --out FILE',
  });
}
