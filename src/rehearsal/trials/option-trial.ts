import { z } from 'zod';
import { type Formed, problemForm } from '../../core/index.ts';

/** The trial of one option: applied to a fresh clone, then the release's own preflight. */
export const trialForm = z.object({
  option: z.string(),
  outcome: z.enum(['collides', 'compatible', 'fails']),
  /** What collided, or why the option's own SQL failed. */
  problems: z.array(problemForm),
  durationMs: z.number(),
});
export type OptionTrial = Formed<typeof trialForm>;
