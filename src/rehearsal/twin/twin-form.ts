import { z } from 'zod';
import { type Formed } from '../../core/index.ts';

/** The forward run on a second clone that was prepared differently: other order of rows, other plans, another time. */
export const twinForm = z.object({
  prepared: z.object({
    /** Tables whose rows were turned around. */
    turned: z.array(z.string()),
    /** Tables that kept their order, and why. */
    kept: z.array(z.object({ relation: z.string(), reason: z.string() })),
  }),
  /** What differs although the release does not declare it, with the columns where they can be told. */
  varies: z.array(z.object({ object: z.string(), columns: z.array(z.string()) })),
  /** What the release declares to differ between two forwards. */
  declared: z.array(z.string()),
  durationMs: z.number(),
});
export type Twin = Formed<typeof twinForm>;
