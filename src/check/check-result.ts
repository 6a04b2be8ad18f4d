import { z } from 'zod';
import { statedFactsForm, type Formed } from '../core/index.ts';
import { inProductionForm } from './production-sizes.ts';

/** What can be wrong with a migration, its down, or its second up. `code` never changes its meaning: baselines and SARIF name it. */
export const faultCodes = [
  'no-down',
  'empty-down',
  'down-fails',
  'schema-not-restored',
  'data-lost',
  'data-changed',
  'column-order',
  'up-fails',
  'up-fails-on-rows',
  'up-fails-after-down',
  'up-differs-after-down',
  'needs-no-transaction',
  'not-judged',
] as const;
/** What an up does to a database that has rows, measured. */
export const hazardCodes = [
  'rewrites-table',
  'scans-table',
  'index-blocks-writes',
  'not-null-scans',
  'drops-column',
  'drops-table',
  'drops-others',
  'renames',
  'updates-all-rows',
  'refresh-blocks-reads',
  'leaves-invalid-index',
] as const;

/** `error` fails the check; `warning` and `note` are only said. */
const levelForm = z.enum(['error', 'warning', 'note']);
export type Level = Formed<typeof levelForm>;

/** A line of a file of the repository, from 1. */
const spotForm = z.object({ file: z.string(), line: z.number() });
export type Spot = Formed<typeof spotForm>;

/** One thing that is wrong. All texts may hold what an author wrote: make them printable where they are shown. */
const faultForm = z.object({
  code: z.enum(faultCodes),
  level: levelForm,
  spot: spotForm,
  /** One line: what happened, without values of rows. */
  cause: z.string(),
  /** What the cause names, as data. */
  facts: statedFactsForm,
  /** More lines: each difference, the server's words. */
  detail: z.array(z.string()),
  /** What to do, in one line. */
  fix: z.string(),
});
export type Fault = Formed<typeof faultForm>;

/** What one statement of an up does to tables that have rows and are older than the migration. */
const hazardForm = z.object({
  code: z.enum(hazardCodes),
  level: levelForm,
  spot: spotForm,
  /** `schema.name` of the table, quoted as in SQL. */
  relation: z.string(),
  /** More tables to which the statement does the same. */
  others: z.array(z.string()),
  /** The statement, in one line, cut. */
  statement: z.string(),
  /** What was measured, in one line. */
  measured: z.string(),
  /** What the measurement names, as data. */
  facts: statedFactsForm,
  /** What would be safe instead, in one line. */
  rule: z.string(),
  /** The safe SQL, where that can be written without a decision; else null. */
  safer: z.string().nullable(),
  /** These tables in production; null: it was not asked (--against), or it is about no table. */
  production: inProductionForm.nullable(),
});
export type Hazard = Formed<typeof hazardForm>;

/** The strongest lock that an up takes on a table that is older than it. */
const tableLockForm = z.object({
  relation: z.string(),
  mode: z.string(),
  /** The table in production; null: it was not asked (--against). */
  production: inProductionForm.nullable(),
});
export type TableLock = Formed<typeof tableLockForm>;

/** One judged migration. Its verdict is its first fault, or `clean`; hazards of level `error` fail the check too. */
const judgedForm = z.object({
  id: z.string(),
  name: z.string(),
  up: spotForm,
  down: spotForm.nullable(),
  verdict: z.enum(['clean', ...faultCodes]),
  /** The gravest first. */
  faults: z.array(faultForm),
  hazards: z.array(hazardForm),
  locks: z.array(tableLockForm),
  /** Whether it was judged on rows; false where it does not take the synthetic ones and was judged on empty tables. */
  onRows: z.boolean(),
  /** Of everything, and of its own SQL. */
  milliseconds: z.object({ total: z.number(), sql: z.number() }),
});
export type JudgedMigration = Formed<typeof judgedForm>;

/** Synthetic rows: tables that have some, and those that have none, with the reason. */
const plantedForm = z.object({
  tables: z.number(),
  rows: z.number(),
  empty: z.array(z.object({ table: z.string(), reason: z.string() })),
});

/** A judged migration, and on what it was judged: all that a run has to say of the moment before it. */
export const judgementRecordForm = z.object({
  judged: judgedForm,
  /** The migrations before it that could not be replayed. */
  history: z.array(faultForm),
  /** Roles that were made because migrations name them. */
  roles: z.array(z.string()),
  rows: plantedForm,
});
export type JudgementRecord = Formed<typeof judgementRecordForm>;

/** What `oneroof check` found in one folder of migrations. */
export const checkResultForm = z.object({
  project: z.object({
    tool: z.string(),
    /** From the root of the repository; empty for the root. */
    folder: z.string(),
    knownBy: z.string(),
    /** Of all its migrations. */
    migrations: z.number(),
    warnings: z.array(z.object({ file: z.string(), text: z.string() })),
  }),
  server: z.object({
    version: z.string(),
    network: z.enum(['none', 'host']),
    role: z.enum(['owner', 'superuser']),
  }),
  /** Which migrations were judged, and why these: `since the merge base with origin/main (4e1c0ab)`. */
  scope: z.object({ which: z.enum(['new', 'all', 'from', 'pending']), why: z.string() }),
  /** The migrations before the judged ones that could not be replayed: what follows them is judged without them. */
  history: z.array(faultForm),
  /** Roles that migrations name and that were made for them. */
  roles: z.array(z.string()),
  rows: plantedForm,
  /** The golden copy whose clones were judged on; null: synthetic rows, and those of a file. */
  golden: z
    .object({
      /** The target. */
      of: z.string(),
      takenAt: z.string(),
      /** At the check. */
      ageMs: z.number(),
      level: z.enum(['exact', 'bracketed', 'lineage', 'sampled', 'none']),
      /** The columns whose values were replaced. */
      masked: z.array(z.string()),
      /** The role that migrations ran as. */
      role: z.string(),
    })
    .nullable(),
  /** The production whose sizes are told (--against), with how many tables it has; null: none was named. */
  against: z.object({ name: z.string(), tables: z.number() }).nullable(),
  migrations: z.array(judgedForm),
  /** How many of them an earlier run judged, from the same bytes: the cache had their verdicts. */
  cached: z.number(),
  /** `passed`: no fault and no hazard of level `error`, and the history could be replayed. */
  outcome: z.enum(['passed', 'failed']),
  milliseconds: z.number(),
});
export type CheckResult = Formed<typeof checkResultForm>;
