import { z } from 'zod';
import { sourceForm } from '../clone/index.ts';
import { digestForm, type Formed, instantForm, nameForm, recordReader } from '../core/index.ts';
import { harmlessForm } from '../database/index.ts';
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
export type Reason = Formed<typeof reasonForm>;

/** The state of the data gates and invariants in production. Ratification is a part of its own. */
const verdictForm = z.discriminatedUnion('decision', [
  z.object({ decision: z.literal('OPEN') }),
  z.object({ decision: z.literal('BLOCKED'), reasons: z.tuple([reasonForm], reasonForm) }),
]);
export type GateVerdict = Formed<typeof verdictForm>;

/** A measurement of one database: all metrics and the schema's digest at one time. */
const baselineForm = z.object({
  takenAt: instantForm,
  metrics: z.record(z.string(), z.number()),
  schemaDigest: z.string(),
});
export type Baseline = Formed<typeof baselineForm>;

/** The record of one look at production. Evidence of kind `gate`. */
const form = z.object({
  version: z.literal(1),
  release: nameForm,
  seal: digestForm as z.ZodType<Seal>,
  target: nameForm,
  identity: sourceForm.nullable(),
  verdict: verdictForm,
  entry: baselineForm.nullable(),
  exit: baselineForm.nullable(),
  /** Metrics that differ between entry and exit: somebody else's change. */
  changedMeanwhile: z.array(z.string()),
  harmless: harmlessForm.nullable(),
  /** Read last, so that nothing of this look is newer; records of before the gate was asked have none. */
  rows: rowsForm.exactOptional(),
  readAt: instantForm,
});
export type GateBody = Formed<typeof form>;
export type GateReading = Required<GateBody>;
export const readReading = recordReader(form);
