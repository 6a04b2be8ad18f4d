import { z } from 'zod';
import { keyForm as key } from '../core/index.ts';
import { line } from './values.ts';

/** One table as in SQL, without a pattern: the gate reads the same name. */
const tableName = /^(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)\.(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)$/;
/** What others may change between rehearsal and rollout. */
export const expects = z.strictObject({
  partitionsOf: key(
    z
      .array(
        z
          .string()
          .regex(tableName, 'expected schema.table, a name with capital letters or other characters quoted as in SQL')
          .meta({ title: '`schema.table`' }),
      )
      .min(1, 'expected at least one table')
      .refine((names) => new Set(names).size === names.length, 'expected each table once'),
    'Partitioned tables that may gain partitions between rehearsal and rollout, and between rollout and rollback. Names as in SQL, no pattern.',
    ['app.events'],
  ),
});

/** How the statements of a tier run that have bounds. */
export const batched = z.strictObject({
  by: key(
    line.pipe(z.string().max(63, 'expected the name of one column')),
    'The column that bounds a batch: NOT NULL, with a unique index on it alone. Its type: an integer, `uuid`, `text`, `varchar` or `timestamptz`.',
    'id',
  ),
  rows: key(
    z.int().min(1, 'expected 1 to 1000000 rows').max(1_000_000, 'expected 1 to 1000000 rows').default(10_000),
    'The most rows of the table in one batch.',
    10_000,
  ),
});

/** Addresses that authors give: only those that show where they lead. */
export const links = z
  .array(
    z.strictObject({
      title: key(line, 'What the link leads to.', 'change request 4711'),
      url: key(
        z
          .url({ protocol: /^https$/, error: 'expected an address that begins with https://' })
          .max(2000)
          .refine((url) => !/[@\s\\]/.test(url), 'expected an address without a user, a blank or a backslash')
          .meta({ title: 'https address' }),
        'The address.',
        'https://tickets.example.org/4711',
      ),
    }),
  )
  .max(20);

const afterStep = z
  .strictObject({
    title: key(line, 'What to do.', 'Clear the schema cache'),
    run: key(line.optional(), 'The command or call that does it.', 'POST /utils/cache/clear?system=true'),
  })
  .transform(({ title, run }) => ({ title, run: run ?? null }));
/** What people do outside of the database afterwards. */
export const after = z.array(afterStep).default([]);
/** An example of it. */
export const afterExample = [{ title: 'Clear the schema cache', run: 'POST /utils/cache/clear?system=true' }];
