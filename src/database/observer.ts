import { z } from 'zod';
import { type Formed } from '../core/index.ts';

/** What our own session did on production, from the server's own counters: all zero, or it is a defect. */
export const harmlessForm = z.object({
  role: z.string(),
  standby: z.boolean(),
  transactionIdAssigned: z.boolean(),
  advisoryLocks: z.number(),
  rowsWritten: z.number(),
  /** SECURITY DEFINER functions that the role may call. */
  definerFunctions: z.array(z.string()),
});
export type Harmless = Formed<typeof harmlessForm>;
