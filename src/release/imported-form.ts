import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Digest, digestForm, keyForm as key } from '../core/index.ts';
import { journalFile } from './drizzle-journal.ts';
import { importedTools } from './tool-rows.ts';
import { tierId } from './values.ts';

const name = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[^\0-\x1f]+$/, 'expected a name');
const number = z.string().regex(/^[0-9]{1,19}$/, 'expected digits in quotes');
const file = z
  .string()
  .max(300)
  .regex(/^migrations\/(?!\.)(?!.*\/\.)[^\0-\x1f\\]+$/, 'expected a file below migrations/')
  .meta({ title: 'file below `migrations/`' });
const digest = digestForm.meta({ title: 'SHA-256 of the file' });

const migration = z.strictObject({
  tier: key(tierId, 'The tier that is this migration, or writes its row where it has `parts`.', '1-add-orders'),
  parts: key(
    z.array(tierId).min(1).exactOptional(),
    'The tiers with its statements, where its tool runs it without a transaction and they cannot share one with the row.',
    ['1-add-index'],
  ),
  file: key(file, 'The file of the migration, as the tool has it.', 'migrations/20240102_add_orders.sql'),
  digest: key(digest, 'Its SHA-256, as `sha256sum` gives it.', `sha256:${'0'.repeat(64)}`),
  down: key(
    z
      .strictObject({
        file: key(file, 'The file of the down, where the tool keeps one.', 'migrations/1_a.down.sql'),
        digest: key(digest, 'Its SHA-256.', `sha256:${'0'.repeat(64)}`),
      })
      .exactOptional(),
    'The file of its down; absent where the tool has none, or keeps it in the same file.',
    { file: 'migrations/1_a.down.sql', digest: `sha256:${'0'.repeat(64)}` },
  ),
  known: key(
    z
      .strictObject({
        before: key(number.optional(), 'golang-migrate: the version before it.', '4'),
        rank: key(number.optional(), 'Flyway: the rank of its row.', '7'),
      })
      .transform(
        (all) =>
          Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<string, string>,
      )
      .prefault({}),
    'What the row of the history has beside what the file says.',
    { before: '4' },
  ),
});

/** What `oneroof import` records of the migrations that became tiers. */
export const importedForm = z.strictObject({
  tool: key(z.enum(importedTools), 'The tool whose migrations these are.', 'dbmate'),
  history: key(
    z.strictObject({
      schema: key(name, 'Its schema, without quotes.', 'public'),
      table: key(name, 'Its name, without quotes.', 'schema_migrations'),
    }),
    'The table in which the tool keeps its history.',
    { schema: 'public', table: 'schema_migrations' },
  ),
  journal: key(
    z
      .strictObject({
        file: key(z.literal(journalFile), 'The file.', journalFile),
        digest: key(digest, 'Its SHA-256.', `sha256:${'0'.repeat(64)}`),
      })
      .exactOptional(),
    'Drizzle before 1.0: its journal, which has the time of each migration.',
    { file: journalFile, digest: `sha256:${'0'.repeat(64)}` },
  ),
  migrations: key(z.array(migration).min(1), 'The migrations, in the order of the tool.', [
    { tier: '1-add-orders', file: 'migrations/20240102_add_orders.sql', digest: `sha256:${'0'.repeat(64)}` },
  ]),
});

/** As it is in the sealed document: each migration with the row that its tier writes. */
export const sealedImportForm = importedForm.extend({
  migrations: z
    .array(migration.extend({ row: z.record(z.string(), z.string()), changes: z.array(z.string()).exactOptional() }))
    .min(1),
});

/** The digest of a file, as `sha256sum` gives it. */
export const fileDigest = (text: string): Digest =>
  `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;
