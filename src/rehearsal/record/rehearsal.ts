import { z } from 'zod';
import { goldenForm } from '../../clone/index.ts';
import {
  digestForm,
  type Formed,
  instantForm,
  namedForm,
  nameForm,
  problemForm,
  recordReader,
} from '../../core/index.ts';
import { footprintForm, noticedForm, type RehearsedSchema } from '../../fingerprint/index.ts';
import { type Seal, type TierId } from '../../release/index.ts';
import { boundaryForm, stopForm } from '../boundaries/index.ts';
import { changesForm } from '../changes/index.ts';
import { proofForm, touchedForm } from '../comparison/index.ts';
import { leftoverForm } from '../leftovers/index.ts';
import { productionForm } from '../production/index.ts';
import { stages } from '../request/index.ts';
import { roleForm } from '../session/index.ts';
import { dispatchForm, stepForm } from '../tier/index.ts';
import { trialForm } from '../trials/index.ts';
import { twinForm } from '../twin/index.ts';

const outcome = z.enum(['passed', 'failed']);

const stageForm = z.object({
  stage: z.enum(stages),
  durationMs: z.number(),
  outcome,
  /** Empty when passed. */
  problems: z.array(problemForm),
  metrics: z.record(z.string(), z.number()),
  steps: z.array(stepForm),
});
export type StageResult = Formed<typeof stageForm>;

/** The record of one rehearsal: what the report and the approver read. Evidence of kind `rehearsal`. */
export const rehearsalForm = z.object({
  version: z.literal(1),
  release: nameForm,
  seal: digestForm as z.ZodType<Seal>,
  outcome,
  startedAt: instantForm,
  endedAt: instantForm,
  serverVersion: z.number(),
  golden: goldenForm,
  /** How that copy stood to production; absent in older records, and where no one asked. */
  production: productionForm.exactOptional(),
  clone: z.object({
    method: goldenForm.shape.method,
    durationMs: z.number(),
    dropMs: z.number().nullable(),
    kept: nameForm.nullable(),
  }),
  /** As which role the release ran; null where it did not run, absent in older records. */
  role: roleForm.nullable().exactOptional(),
  stages: z.array(stageForm),
  /** Where a tier is one-way: of the tiers before it; null where there is none. */
  proof: proofForm.nullable(),
  /** The places between two tiers, in the order of the tiers; absent in older records. */
  boundaries: z.array(boundaryForm).exactOptional(),
  /** The places within tiers that commit step by step; absent in older records. */
  stops: z.array(stopForm).exactOptional(),
  /** The schema before the forward run, by the gate's own function; null where the database has no gate. People ratify this state. */
  gateSchema: nameForm.nullable(),
  /** The same digest, taken whether there is a gate or not; absent in older records. */
  schemaBefore: nameForm.exactOptional(),
  /** The objects that the release depends on, as they were before it and after each tier; null where the database has no gate or a stage failed, absent in older records. */
  footprint: footprintForm.nullable().exactOptional(),
  /** Every object of the schema before the release, as `kind: name digest`: to name what changed beside the footprint. Null where it was not listed, absent in older records. */
  listing: z.array(z.string()).nullable().exactOptional(),
  /** What the forward run did to the schema, without the barred tiers; null where it was not reached, absent in older records. */
  changes: changesForm.nullable().exactOptional(),
  /** null where it was not reached. */
  twin: twinForm.nullable(),
  /** Equality of the state after back and after back again, where the release asks for a second run; else null. */
  idempotent: z.boolean().nullable(),
  /** Equality of the finalized state after a rollback with the twin's, but for what the release declares; null where it was not reached. */
  repeatable: z.boolean().nullable(),
  touched: z.array(touchedForm),
  /** Tiers that are barred: rehearsed, not to be rolled out. */
  barred: z.array(namedForm<TierId>()),
  options: z.array(trialForm),
  /** What the release sent out, or tried to. */
  dispatch: dispatchForm,
  /** What the forward run and the rollback left behind: facts; what is wrong stands among the problems too. */
  leftovers: z.array(leftoverForm),
  /** Options of the server's that we do not know, which no comparison has judged; absent in older records. */
  noticed: z.array(noticedForm).exactOptional(),
  problems: z.array(problemForm),
});
export type Rehearsal = Formed<typeof rehearsalForm>;
export const readRehearsal = recordReader(rehearsalForm);

/** What a rehearsal says of the schema; null: the database has no gate, or it failed. */
export function rehearsedSchema({
  footprint,
  listing = null,
}: Pick<Rehearsal, 'footprint' | 'listing'>): RehearsedSchema | null {
  return footprint == null ? null : { footprint, listing };
}
