import { z } from 'zod';
import { bigForm, digestForm, type Formed } from '../../core/index.ts';
import { differenceForm, notProvenForm } from '../../fingerprint/index.ts';

const equality = z.enum(['equal', 'different']);
const digests = z.object({ before: digestForm, after: digestForm });

/** Whether the rollback restored the clone: two verdicts, and the differences that decide them. */
export const proofForm = z.object({
  /** Of the rows: `changed blocks` read only what WAL touched since the clone was made, `full` every row. */
  method: z.enum(['changed blocks', 'full']),
  /** Why every row had to be read; null where that was not so, or was asked for. */
  fallback: z.string().nullable(),
  strict: equality,
  logical: equality,
  /** The first hundred, causes before what follows from them; `differenceCount` counts all. */
  differences: z.array(differenceForm),
  differenceCount: z.number(),
  notProven: z.array(notProvenForm),
  /** Relations that hold rows, also those of which no block had changed. */
  relations: z.number(),
  /** Of these, how many were compared whole. */
  whole: z.number(),
  /** Changed blocks that were compared, of the others. */
  blocks: z.number(),
  /** Rows that were read to decide. */
  rows: bigForm,
  objects: z.number(),
  seeds: z.tuple([bigForm, bigForm]),
  schemaDigest: digests,
  dataDigest: digests,
  durationMs: z.number(),
});
export type Proof = Formed<typeof proofForm>;
