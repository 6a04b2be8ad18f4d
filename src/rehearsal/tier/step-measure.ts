import { z } from 'zod';
import { digestForm, type Formed, namedForm } from '../../core/index.ts';
import { noticeForm, notificationForm } from '../../database/index.ts';
import { type TierId } from '../../release/index.ts';
import { outwardForm } from './dispatch.ts';
import { lockForm } from './locks.ts';

/** What one statement did on the clone, measured. */
export const stepForm = z.object({
  tier: namedForm<TierId>(),
  direction: z.enum(['up', 'down']),
  /** From 1, within the tier and direction. */
  index: z.number(),
  digest: digestForm,
  title: z.string(),
  /** `sampled`: it ran outside of a transaction, so its locks are those that a second session saw. */
  measured: z.enum(['whole', 'sampled']),
  durationMs: z.number(),
  /**
   * What the gate itself does at the end of the transaction, while the locks of the step are held: its checks when the tier is left and at COMMIT, and
   * the metrics after the last tier. Not in `heldMs`. Null where it was not measured: the database has no gate, or the tier is barred or was not
   * reached; absent in older records.
   */
  gateMs: z.number().nullable().exactOptional(),
  /** Of a step that ran in batches: how many, how many keys were in them, and the longest of their statements; absent where it ran once. */
  batches: z.object({ count: z.number(), keys: z.number(), longestMs: z.number() }).exactOptional(),
  /** What the command tag said. */
  rows: z.number().nullable(),
  rowsByRelation: z.array(
    z.object({ relation: z.string(), inserted: z.number(), updated: z.number(), deleted: z.number() }),
  ),
  /** Locks that this statement took again. */
  locks: z.array(lockForm),
  /** Relations whose file was replaced. */
  rewritten: z.array(z.string()),
  /** Those of them that hold rows; absent in older records. */
  rewrittenTables: z.array(z.string()).exactOptional(),
  /** The largest table among them, by its size afterwards. */
  largestRewrite: z.object({ relation: z.string(), bytes: z.number() }).nullable(),
  /** Those of them that hold nothing afterwards, as after a TRUNCATE; absent where there are none, and in older records. */
  emptied: z.array(z.string()).exactOptional(),
  /**
   * Tables that it locked in order to read or write them, where it was to write and no row changed although one has rows, and whether row security
   * hides rows of them from its role; absent where it wrote, and in older
   * records.
   */
  unmatched: z
    .array(z.object({ relation: z.string(), hasRows: z.boolean(), rowSecurity: z.boolean() }))
    .exactOptional(),
  invalidIndexes: z.array(z.string()),
  walBytes: z.number(),
  outward: outwardForm,
  notices: z.array(noticeForm),
  notifications: z.array(notificationForm),
});
export type StepMeasure = Formed<typeof stepForm>;
