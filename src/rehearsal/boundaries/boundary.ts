import { z } from 'zod';
import { type Formed, namedForm } from '../../core/index.ts';
import { type TierId } from '../../release/index.ts';

/** A place between two tiers at which a rollback may stop, and whether the rollback restores the state of the forward run there. */
export const boundaryForm = z.object({
  /** The tier that is still in place. */
  after: namedForm<TierId>(),
  state: z.enum(['equal', 'different', 'not proven']),
  /** Why it is not proven; null elsewhere. */
  reason: z.string().nullable(),
});

/** A place within a tier that commits step by step: so many of its steps are in place, and whether its rollback undoes them. */
export const stopForm = z.object({
  tier: namedForm<TierId>(),
  /** So many steps of `of` were committed. */
  step: z.number(),
  of: z.number(),
  /** Of the last of these steps only so many batches were committed; absent: the whole step. */
  batches: z.number().exactOptional(),
  state: boundaryForm.shape.state,
  reason: boundaryForm.shape.reason,
});
export type StopResult = Formed<typeof stopForm>;
export type BoundaryResult = Formed<typeof boundaryForm>;
