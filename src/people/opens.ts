import { z } from 'zod';
import { type Formed } from '../core/index.ts';
import { statementDigestForm as cycle } from '../evidence/index.ts';

const tier = z.string().regex(/^[1-9][0-9]*-[a-z0-9][a-z0-9-]*$/, 'expected a tier, such as 3-ownership');

/**
 * What a ratification is for, in the signed bytes: one rollout and its rollback, a *cycle*, which this statement names; or something that a
 * cycle still needs. A cycle is named by the statement that opened it.
 *
 * Shape   `tier`: the hold point before that tier, in that cycle alone. `rollback`: the rollback of a cycle that has begun is carried on.
 * Source  docs/RULES.md
 */
export const opensForm = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('rollout') }),
  z.strictObject({ what: z.literal('tier'), tier, cycle }),
  z.strictObject({ what: z.literal('rollback'), cycle }),
]);
export type Opens = Formed<typeof opensForm>;
