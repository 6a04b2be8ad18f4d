import { z } from 'zod';
import { keyForm as key, parseSize } from '../core/index.ts';
import { address, durationKey, folder, textKey, variable } from './address-form.ts';

const maxClones = key(
  z.int().min(1).max(10_000).optional(),
  'How many clones there may be at one time. A rehearsal has up to 3. Without it there is no bound.',
  20,
);
const maxBytes = key(
  z
    .string()
    .regex(/^[1-9][0-9]{0,8}(kB|MB|GB|TB)$/, 'expected a size such as 200GB')
    .meta({ title: 'size' })
    .optional(),
  'How much golden copies and clones may have together on the disk. A new golden copy stands beside the old one for a moment. Without it there is no bound.',
  '200GB',
);

const maskCommand = key(
  z
    .strictObject({
      run: key(
        z.array(textKey).min(1, 'expected a program and its arguments'),
        'The program and its arguments. No shell reads them; it is started in the folder of this file, with `PGHOST`, `PGPORT`, `PGUSER` and `PGDATABASE` of the copy.',
        ['./mask.sh'],
      ),
      columns: key(
        z.array(textKey).min(1, 'expected at least one column'),
        'The columns that the program masks: `schema.table.column`, quoted as in SQL. It may change nothing else.',
        ['app.users.email'],
      ),
      env: key(
        z.array(variable).default([]),
        'The environment variables that the program gets. It gets no others but `PATH`, `HOME`, `LANG` and those of the copy.',
        ['MASK_SALT'],
      ),
      deadline: key(
        durationKey.default('1h'),
        'How long the program may take. Then it is ended, and there is no copy.',
        '1h',
      ),
    })
    .optional(),
  'A program that masks the copy in its place, after `columns`.',
  { run: ['./mask.sh'], columns: ['app.users.email'] },
);

/** What replaces values of production in the golden copy. */
const mask = key(
  z
    .strictObject({
      columns: key(
        z
          .record(textKey, textKey)
          .refine((columns) => Object.keys(columns).length > 0, 'expected at least one column')
          .optional(),
        'The SQL expression of the new value, for each column: `schema.table.column`, quoted as in SQL. It may read the other columns of its row. Functions outside `pg_catalog` need their schema.',
        { 'app.users.email': "'user' || id || '@example.org'", 'app."Users"."Phone"': 'null' },
      ),
      command: maskCommand,
    })
    .refine(({ columns, command }) => columns !== undefined || command !== undefined, 'expected columns, or a command')
    .optional(),
  'Columns whose values are replaced in each golden copy, before a clone can be made of it ([what that covers](../CLONES.md#masks)).',
  { columns: { 'app.users.email': "'user' || id || '@example.org'" } },
);

/** Where production is too large to be copied whole. */
const sample = key(
  z
    .strictObject({
      share: key(
        z
          .string()
          .regex(/^\d{1,2}(\.\d{1,4})?%$/, 'expected a share such as 5% or 0.1%')
          .refine((share) => Number.parseFloat(share) > 0, 'expected a share above 0%')
          .meta({ title: 'percent' }),
        'Of the rows of a larger table, how many are kept: by a hash of their primary key, so that two copies have the same ones.',
        '5%',
      ),
      above: key(
        z
          .string()
          .regex(/^(0|[1-9][0-9]{0,8})(kB|MB|GB|TB)$/, 'expected a size such as 100MB')
          .meta({ title: 'size' })
          .default('100MB'),
        'A table up to this size is kept whole, with its TOAST, without its indexes. The partitions of a table count together.',
        '100MB',
      ),
      seed: key(z.int().min(0).default(0), 'Another number, other rows.', 0),
      keep: key(
        z.record(textKey, textKey).default({}),
        'Rows of larger tables that are kept besides: an SQL condition for each `schema.table`, over the columns of the row. `true` keeps the table whole.',
        { 'app.contracts': 'true', 'app.orders': "state = 'open'" },
      ),
    })
    .optional(),
  'A golden copy with every row of small tables, and a share of larger ones that is closed under foreign keys ([what that proves](../CLONES.md#sample)).',
  { share: '5%' },
);

/** The same key of the providers that copy everything. */
const noSample = z
  .unknown()
  .superRefine((value, context) => {
    if (value !== undefined)
      context.addIssue({
        code: 'custom',
        message: 'this provider copies every row',
        params: { fix: 'remove `sample`, or set `provider: dump`: it chooses rows by SQL' },
      });
  })
  .optional();

const template = z.strictObject({
  provider: key(
    z.literal('template'),
    '`CREATE DATABASE … TEMPLATE`, on a server with a copy of production.',
    'template',
  ),
  admin: key(address, 'A role with CREATEDB on the server with the copy.', { urlFrom: 'CLONE_ADMIN_URL' }),
  source: key(textKey, 'The database that the golden copy is taken from.', 'shop'),
  sameServer: key(z.boolean().default(false), '`true` only if clones may be made on the server of production.', false),
  maxClones,
  maxBytes,
  mask,
  sample: noSample,
});

const physical = z.strictObject({
  provider: key(
    z.literal('physical'),
    'A copy of the data directory, run by a private server on this machine.',
    'physical',
  ),
  backup: key(address, 'A role that may call `pg_backup_start` and `pg_backup_stop`.', { service: 'backup' }),
  dataDirectory: key(
    folder.optional(),
    "The source's data directory on this machine. Without it One Roof asks the server.",
    '/var/lib/postgresql/18/main',
  ),
  folder: key(folder.default('.oneroof/clones'), 'The folder of golden copies and clones.', '.oneroof/clones'),
  bin: key(
    folder.optional(),
    'The folder of the PostgreSQL programs that run the copy. Without it One Roof finds them by version.',
    '/usr/lib/postgresql/18/bin',
  ),
  maxClones,
  maxBytes,
  mask,
  sample: noSample,
});

const dump = z.strictObject({
  provider: key(
    z.literal('dump'),
    'A copy by SQL of a production on any host, run by a private server on this machine.',
    'dump',
  ),
  dump: key(
    address,
    'A role that reads every table, and is used for golden copies alone. `oneroof grants --for-dump` prints the SQL that makes it.',
    { service: 'production-dump' },
  ),
  folder: key(folder.default('.oneroof/clones'), 'Where golden copies and clones are kept.', '.oneroof/clones'),
  bin: key(
    folder.optional(),
    'The programs of PostgreSQL that run the copy. Found by version where absent.',
    '/usr/lib/postgresql/16/bin',
  ),
  jobs: key(z.int().min(1).max(32).default(4), 'How many tables are copied at the same time.', 4),
  maxRate: key(
    z
      .string()
      .regex(/^[1-9][0-9]{0,5}(kB|MB|GB)$/, 'expected a size such as 20MB')
      .meta({ title: 'size' })
      .optional(),
    'How many bytes a second are read from production at most. As many as it sends where absent.',
    '20MB',
  ),
  maxSnapshotAge: key(
    durationKey.default('1h'),
    'How long the copy may hold its snapshot on production. Then it is given up.',
    '1h',
  ),
  maxClones,
  maxBytes,
  mask,
  sample,
});

const basebackup = z.strictObject({
  provider: key(
    z.literal('basebackup'),
    'The files of a production on any host, over the replication protocol, run by a private server on this machine.',
    'basebackup',
  ),
  backup: key(
    address,
    'A role with REPLICATION that reads every table, and is used for golden copies alone. `oneroof grants --for-basebackup` prints the SQL that makes it.',
    { service: 'production-backup' },
  ),
  folder: key(folder.default('.oneroof/clones'), 'Where golden copies and clones are kept.', '.oneroof/clones'),
  bin: key(
    folder.optional(),
    'The programs of PostgreSQL that copy and run the copy. Found by version where absent.',
    '/usr/lib/postgresql/16/bin',
  ),
  checkpoint: key(
    z.enum(['fast', 'spread']).default('fast'),
    '`fast` begins at once, with a checkpoint of production; `spread` waits for one that production makes slowly.',
    'fast',
  ),
  maxRate: key(
    z
      .string()
      .regex(/^[1-9][0-9]{0,5}(kB|MB|GB)$/, 'expected a size such as 20MB')
      .refine(
        (size) => (parseSize(size) ?? 0) >= 32 * 1024 && (parseSize(size) ?? 0) <= 1024 ** 3,
        'expected a size from 32kB to 1GB',
      )
      .meta({ title: 'size' })
      .optional(),
    'How many bytes of files a second are read from production at most, from 32kB to 1GB. As many as it sends where absent.',
    '20MB',
  ),
  maxDuration: key(
    durationKey.default('6h'),
    'How long the copy may take, with its comparison. Then it is given up.',
    '6h',
  ),
  proof: key(
    z.enum(['exact', 'lineage']).default('exact'),
    '`exact`: every row is compared with a snapshot of production. `lineage`: production is read once only, and nothing is compared.',
    'exact',
  ),
  maxClones,
  maxBytes,
  mask,
  sample: noSample,
});

const exec = z.strictObject({
  provider: key(
    z.literal('exec'),
    'A program of yours that asks a service for copies: Neon, Database Lab, RDS, … ([how to write one](../CLONES.md)).',
    'exec',
  ),
  command: key(
    z.array(textKey).min(1, 'expected a program and its arguments'),
    'The program and its arguments. No shell reads them; it is started in the folder of this file.',
    ['node', './clone-neon.mjs'],
  ),
  env: key(
    z.array(variable).default([]),
    'The environment variables that the program gets. It gets no others but `PATH`, `HOME` and `LANG`.',
    ['NEON_API_KEY', 'NEON_PROJECT_ID'],
  ),
  deadline: key(durationKey.default('10min'), 'How long one call may take. Then the program is ended.', '10min'),
  folder: key(
    folder.default('.oneroof/clones'),
    'Where it is recorded what the program was asked for.',
    '.oneroof/clones',
  ),
  maxClones,
  sample: noSample,
});

/** Where clones come from, as oneroof.yaml says it. */
export const cloneForm = z.discriminatedUnion('provider', [template, physical, dump, basebackup, exec]);

/** The same, checked. */
export type CloneForm = z.output<typeof cloneForm>;
