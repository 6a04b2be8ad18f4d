import { z } from 'zod';
import { type Formed, namedForm } from '../core/index.ts';
import { type TierId } from '../release/index.ts';

/** A place between two tiers at which a rollback may stop, and whether the way back restores what was there on the way forward. */
export const boundaryForm = z.object({
  /** The tier that is still in place. */
  after: namedForm<TierId>(),
  state: z.enum(['equal', 'different', 'not proven']),
  /** Why it is not proven; null elsewhere. */
  reason: z.string().nullable(),
});
export type BoundaryResult = Formed<typeof boundaryForm>;
