import { z } from 'zod';
import { type Formed, nameForm } from '../core/index.ts';
import { statementDigestForm } from '../evidence/index.ts';
import { opensForm } from '../people/index.ts';
import { refusalForm } from './refusal.ts';

const direction = z.enum(['up', 'down']);

/** One ratification, as the database sees it now. Only one that opens a rollout is a cycle of its own. */
const cycleForm = z.object({
  statement: statementDigestForm,
  seal: z.string(),
  opens: opensForm,
  persons: z.array(z.string()),
  /** Why the rollout, or the rollback, is closed; null: open. */
  closed: z.object({ up: refusalForm.nullable(), down: refusalForm.nullable() }),
  /** The tier that comes next; null: nothing is left. */
  next: z.object({ up: z.string().nullable(), down: z.string().nullable() }),
  done: z.array(
    z.object({ direction, tier: nameForm, epoch: z.number(), steps: z.number(), schemaAfter: z.string().nullable() }),
  ),
});
export type CycleRow = Formed<typeof cycleForm>;

/** What `gate.verdict` answers of a cycle in a direction: all that the button will check there. It opens nothing. */
const checkedForm = z.object({
  /** The tier that comes next; null: nothing is left. */
  next: z.string().nullable(),
  /** What closes it, in the order in which the button asks: from that tier on, or, where `tier` is null, from the beginning. */
  closed: z.array(z.object({ tier: z.string().nullable(), why: refusalForm })),
  /** Whether the gate measured data gates and invariants: it does only what people ratified, in a transaction that cannot write. */
  measured: z.boolean(),
  /** Whether a lock of others kept a metric from being measured: it closes, and may not a moment later. */
  locked: z.boolean(),
  /** Codes of what was not asked: the executor's session has it, or it is not there before the steps have run. */
  notAsked: z.array(z.string()),
  /** Server processes of another attempt, which the button would wait for. */
  waits: z.array(z.number()),
});
export type CycleCheck = Formed<typeof checkedForm>;

/** How far a step that runs in batches is; the server estimates how many keys it will have been (null: it has no estimate). */
const batchedStepForm = z.object({
  direction,
  tier: nameForm,
  n: z.number(),
  batches: z.number(),
  keys: z.number(),
  expected: z.number().nullable(),
  /** Whether all of them have run. */
  done: z.boolean(),
});
export type BatchedStep = Formed<typeof batchedStepForm>;

/** A ratification with the steps that were committed under it, also those of a tier that has no marker yet. */
const cycleRowsForm = cycleForm.extend({
  steps: z.array(z.object({ direction, tier: nameForm, n: z.number() })),
  /** Steps that run in batches, also those of which some remain; absent where there is none, as in older records. */
  batches: z.array(batchedStepForm).exactOptional(),
  /** Of one that opens a rollout; absent where it was not asked, as in older records: that never opens anything. */
  checked: z.object({ up: checkedForm, down: checkedForm }).exactOptional(),
});
export type CycleRows = Formed<typeof cycleRowsForm>;

/** What the gate in the target database says of this release by its own rows, which are the truth; or why it could not be asked. */
export const rowsForm = z.discriminatedUnion('state', [
  z.object({ state: z.literal('unread'), why: z.string() }),
  z.object({
    state: z.literal('read'),
    /** What `gate.schema_digest()` says now. */
    schema: z.string(),
    /** The ratifications of this seal, newest first. */
    cycles: z.array(cycleRowsForm),
  }),
]);
export type GateRows = Formed<typeof rowsForm>;
