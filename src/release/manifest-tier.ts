import { z } from 'zod';
import { keyForm as key } from '../core/index.ts';
import { batched } from './manifest-parts.ts';
import { duration, line, tierId } from './values.ts';

const keys = z.strictObject({
  id: key(tierId, 'The folder below `tiers/`. Numbers begin at 1 and have no gaps.', '1-structure'),
  title: key(line, 'One line for people.', 'New column and index'),
  transaction: key(
    z.enum(['single', 'each', 'outside']).default('single'),
    '`single`: one transaction for the whole tier. `each`: one for each statement. `outside`: none, for CREATE INDEX CONCURRENTLY and what else cannot run in one. [Which statements](../FORMAT.md#tiers-outside-of-a-transaction).',
    'single',
  ),
  wait: key(
    duration.optional(),
    "How long a statement may wait for others' transactions; only with `transaction: outside`; default: 10min.",
    '10min',
  ),
  batched: key(
    batched.optional(),
    'Statements with `BETWEEN $1 AND $2` run once for each batch, in a transaction of its own. [Rules](../FORMAT.md#batches).',
    { by: 'id', rows: 10_000 },
  ),
  oneWay: key(
    line.optional(),
    'Why the tier has no down.sql. It can then never be rolled back.',
    'the column held secrets',
  ),
  barred: key(line.optional(), 'Why the tier is rehearsed and never rolled out.', 'no receiver was reviewed'),
  rerunnable: key(z.boolean().default(false), 'As `rerunnable` above, for this tier.', true),
  drafted: key(
    z.boolean().default(false),
    '`true`: `oneroof draft down` wrote its down.sql. Approvers see that as a risk; remove the line when you have read the file and made it yours.',
    true,
  ),
});

/** The longest lock_timeout of PostgreSQL, milliseconds; 0 would be no limit. */
const longestWait = 2_147_483_647;
/** One tier of release.yaml. */
export const tierForm = keys
  .refine(({ transaction, wait }) => wait === undefined || transaction === 'outside', {
    path: ['wait'],
    error: 'expected only with `transaction: outside`; for other tiers use `settings: {lockTimeout}`',
  })
  .refine(({ wait }) => wait === undefined || (wait > 0 && wait <= longestWait), {
    path: ['wait'],
    error: 'expected 1ms to 24d',
  });
