import { z } from 'zod';
import { sourceForm } from '../clone/index.ts';
import { digestForm, type Formed, instantForm, nameForm, recordReader } from '../core/index.ts';
import { harmlessForm } from '../database/index.ts';
import { driftForm, unrelatedForm } from '../fingerprint/index.ts';
import { type Seal } from '../release/index.ts';
import { rowsForm } from './rows.ts';

export { type Harmless } from '../database/index.ts';

/** Why a gate is closed. A new kind fails to compile where reasons are explained. */
const reasonForm = z.discriminatedUnion('kind', [
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
export type MetricReason = Formed<typeof reasonForm>;

/** The state of the data gates and invariants in production. Ratification is a part of its own. */
const verdictForm = z.discriminatedUnion('decision', [
  z.object({ decision: z.literal('OPEN') }),
  z.object({ decision: z.literal('BLOCKED'), reasons: z.tuple([reasonForm], reasonForm) }),
]);
export type GateVerdict = Formed<typeof verdictForm>;

/** A measurement of one database: all metrics and the schema's digest at one time. */
export const baselineForm = z.object({
  takenAt: instantForm,
  metrics: z.record(z.string(), z.number()),
  schemaDigest: z.string(),
});
export type Baseline = Formed<typeof baselineForm>;

/** The record of one look at production. Evidence of kind `gate`. */
export const readingForm = z.object({
  version: z.literal(1),
  release: nameForm,
  seal: digestForm as z.ZodType<Seal>,
  target: nameForm,
  identity: sourceForm.nullable(),
  verdict: verdictForm,
  entry: baselineForm.nullable(),
  exit: baselineForm.nullable(),
  /** Metrics that differ between entry and exit: someone else's change. */
  changedMeanwhile: z.array(z.string()),
  harmless: harmlessForm.nullable(),
  /** Read last, so that nothing of this reading is newer; records of before the gate was asked have none. */
  rows: rowsForm.exactOptional(),
  /** How the schema differs from what was rehearsed; null: there was nothing to compare, absent in older records. */
  drift: driftForm.nullable().exactOptional(),
  /** What else differs from the schema that was rehearsed: the first of it by name, and how many; null: not known, absent in older records. */
  unrelated: unrelatedForm.nullable().exactOptional(),
  readAt: instantForm,
  /** The clock of the machine that looked, and that of the database, at the same moment; absent in older records, and where nothing was read. */
  clocks: z.object({ here: instantForm, there: instantForm }).exactOptional(),
});
export type GateBody = Formed<typeof readingForm>;
export type GateReading = Required<Omit<GateBody, 'clocks'>> & Pick<GateBody, 'clocks'>;
export const readReading = recordReader(readingForm);
