import { z } from 'zod';
import { type Formed, nameForm } from '../core/index.ts';
import { statementDigestForm } from '../evidence/index.ts';
import { opensForm } from './opens.ts';
import { refusalForm } from './refusal.ts';

const direction = z.enum(['up', 'down']);

/** One ratification, as the database sees it now. Only one that opens a rollout is a cycle of its own. */
const cycleForm = z.object({
  statement: statementDigestForm,
  seal: z.string(),
  opens: opensForm,
  persons: z.array(z.string()),
  /** Why the way forward, or back, is closed; null: open. */
  closed: z.object({ up: refusalForm.nullable(), down: refusalForm.nullable() }),
  /** The tier that comes next; null: nothing is left. */
  next: z.object({ up: z.string().nullable(), down: z.string().nullable() }),
  done: z.array(z.object({ direction, tier: nameForm, epoch: z.number(), steps: z.number(), schemaAfter: z.string() })),
});
export type Cycle = Formed<typeof cycleForm>;

/** A ratification with the steps that were committed under it, also those of a tier that has no marker yet. */
const cycleRowsForm = cycleForm.extend({ steps: z.array(z.object({ direction, tier: nameForm, n: z.number() })) });
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
