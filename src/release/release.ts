import { type Branded, type Bytes, type Digest, type Milliseconds, type Place } from '../core/index.ts';
import { type Probe } from './probe.ts';
import { type ImportedTool } from './tool-rows.ts';

/** The name of a release: lower-case letters, digits and hyphens, at most 63. */
export type ReleaseName = Branded<string, 'ReleaseName'>;
/** The folder name of a tier: its order, a hyphen, a name, e.g. `3-ownership`. */
export type TierId = Branded<string, 'TierId'>;
/** The name of a metric: lower-case letters, digits and underscores. */
export type MetricName = Branded<string, 'MetricName'>;
/** The digest of a whole release. */
export type Seal = Branded<Digest, 'Seal'>;

export type Direction = 'up' | 'down';

/** One SQL statement of a tier: the bytes that were sealed, and what PostgreSQL's parser says of them. */
export interface Step {
  readonly sql: string;
  readonly digest: Digest;
  /** The node type of the parse tree, e.g. `CreateStmt`, `UpdateStmt`. */
  readonly kind: string;
  /** A short name for people, e.g. `CREATE TABLE`. */
  readonly title: string;
  /** Where the statement begins. */
  readonly place: Required<Place>;
  /** False for what PostgreSQL refuses inside a transaction block, such as CREATE INDEX CONCURRENTLY, and for every step of an outside tier. */
  readonly transactional: boolean;
  /** What it must leave in the catalogue. Only the steps of an outside tier have it, up and down. */
  readonly probe?: Probe;
}

/** A table by the names of the catalogue. */
export interface BatchedTable {
  readonly schema: string;
  readonly table: string;
}

/** How the statements of a tier with bounds run: each once for so many rows, in the order of a key. */
export interface Batches {
  /** The column whose values bound a batch: NOT NULL, with a unique index on it alone. */
  readonly by: string;
  /** The most rows of the table between two bounds. */
  readonly rows: number;
  /** The table whose keys bound a statement, one for each statement; null: it runs once. */
  readonly up: readonly (BatchedTable | null)[];
  readonly down: readonly (BatchedTable | null)[];
}

/** The batch of one statement. */
export interface StepBatch extends BatchedTable, Pick<Batches, 'by' | 'rows'> {}

/** How a tier runs: all steps in one transaction, each step in its own, or each outside of any (what cannot run in a transaction). */
export type TransactionMode = 'single' | 'each' | 'outside';

export interface Tier {
  readonly id: TierId;
  readonly order: number;
  readonly title: string;
  readonly transaction: TransactionMode;
  /** How long a step may wait for the transactions of others. Only an outside tier has it. */
  readonly wait?: Milliseconds;
  readonly up: readonly Step[];
  /** Empty where the tier is one-way. */
  readonly down: readonly Step[];
  /** The reason why there is no rollback; null where there is one. */
  readonly oneWay: string | null;
  /** Queries of check.sql: every row that one returns is a violation. */
  readonly check: readonly Step[];
  /** The reason why this tier must not be rolled out by this release; null where it may. A barred tier is sealed, linted and rehearsed. */
  readonly barred: string | null;
  /** Its down.sql is rehearsed a second time; absent: as the release says. */
  readonly rerunnable?: true;
  /** A command drafted its down.sql, and no author says to have read it; absent: people wrote it, or read it. */
  readonly drafted?: true;
  /** Absent where no statement runs in batches: a seal made before this key was known holds. */
  readonly batched?: Batches;
}

/** Whether the steps of a tier are committed one by one, so that it can be half done. */
export function commitsBySteps({ transaction }: Pick<Tier, 'transaction'>): boolean {
  return transaction !== 'single';
}

/** One SELECT, one number. */
export interface Metric {
  readonly name: MetricName;
  readonly title: string;
  readonly query: Step;
}

/** What a metric must be. At least one bound; `equals` excludes the others. */
export interface Expectation {
  readonly equals?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** The declared values of metrics before (greenfield), after (finalized), and at every time (always). */
export interface Invariants {
  readonly greenfield: Readonly<Record<string, Expectation>>;
  readonly finalized: Readonly<Record<string, Expectation>>;
  readonly always: Readonly<Record<string, Expectation>>;
}

/** A gate on data: closed until the metric meets the expectation; it stands before a tier. */
export interface DataGate {
  readonly id: string;
  readonly title: string;
  readonly metric: MetricName;
  readonly expectation: Expectation;
  readonly before: TierId;
}

/** A way that was considered. One with SQL is tried on a clone, then the release's preflight runs: a collision is its rejection. */
export interface Option {
  readonly id: string;
  readonly title: string;
  readonly decision: 'chosen' | 'declined' | 'rejected';
  readonly reason: string;
  readonly up: readonly Step[];
}

/** A work item after this release: gated ones wait for the gate, the others can go on meanwhile. */
export interface NextItem {
  readonly title: string;
  readonly gated: boolean;
}

export interface Author {
  readonly name: string;
  readonly kind: 'agent' | 'person';
  /** The person who instructed an agent. */
  readonly instructedBy: string | null;
}

/** Something that people or hooks do once the release is rolled out or back. A rehearsal lists it and never runs it. */
export interface AfterStep {
  readonly title: string;
  readonly run: string | null;
}

/** The session settings that the release asks for; part of the seal. */
export interface ReleaseSettings {
  readonly lockTimeout: Milliseconds;
  readonly statementTimeout: Milliseconds;
  /** Schemas, in order. */
  readonly searchPath: readonly string[];
  /** The role that a rollout runs steps as, where no gate says it; null: the owner of the database. */
  readonly role: string | null;
  /** Settings of the application's own making (a.b) that its SQL reads. Absent, not empty, where there are none. */
  readonly custom?: Readonly<Record<string, string>>;
  /** As PostgreSQL takes it. Absent, not null, where it is UTC: a seal made before this key was known holds. */
  readonly timezone?: string;
}

/** What rehearsal may measure at the most; null means no bound. */
export interface Budgets {
  readonly lock: Milliseconds | null;
  readonly total: Milliseconds | null;
  /** The largest table that may be rewritten. Absent, not null, where there is no bound: a seal made before this key was known holds. */
  readonly rewrite?: Bytes;
}

/** A file of a repository that a release holds byte for byte, below `migrations/`, and its SHA-256. */
export interface RecordedFile {
  readonly file: string;
  readonly digest: Digest;
}

/** A migration of another tool that is a tier. */
export interface RecordedMigration extends RecordedFile {
  /** The tier that writes the row of the history. */
  readonly tier: string;
  /** The tiers before it with its statements, where its tool runs it without a transaction; absent: they are in the same tier. */
  readonly parts?: readonly string[];
  /** The file of the down, where the tool keeps one. */
  readonly down?: RecordedFile;
  /** What the row of the history has beside what the file says. */
  readonly known: Readonly<Record<string, string>>;
}

/** The tiers of a release that are migrations of another tool, and the table in which it keeps its history; names without quotes. */
export interface Imported {
  readonly tool: ImportedTool;
  readonly history: { readonly schema: string; readonly table: string };
  /** The journal of Drizzle before 1.0. */
  readonly journal?: RecordedFile;
  readonly migrations: readonly RecordedMigration[];
}

/** A migration as each reading makes it again from its file. */
export interface SealedMigration extends RecordedMigration {
  readonly row: Readonly<Record<string, string>>;
  /** What its tiers say in other words than the file; absent: nothing. */
  readonly changes?: readonly string[];
}

/** The same as it is sealed: with the row that each tier writes, by its columns, values as SQL. It is made from the files on every reading. */
export interface SealedImport extends Imported {
  readonly migrations: readonly SealedMigration[];
}

/** A release that was read and checked: every file present, every statement parsed. */
export interface Release {
  readonly folder: string;
  readonly name: ReleaseName;
  readonly title: string;
  readonly summary: string;
  readonly database: string;
  /** `schema.table` patterns (`*` at the end of either part) of the tables whose rows or definition the release changes. */
  readonly touches: readonly string[];
  /** `schema.table.column`: columns whose values may differ between two forwards, such as a time of creation. */
  readonly varies: readonly string[];
  /** What production may gain meanwhile: partitions that follow their parent. Absent, not empty, where nothing is named: an older seal holds. */
  readonly expects?: { readonly partitionsOf: readonly string[] };
  /** The tiers that are migrations of another tool. Absent where there are none: an older seal holds. */
  readonly imported?: SealedImport;
  readonly requires: 'logical' | 'strict';
  /** Every down.sql is rehearsed a second time, and must change nothing then; absent: no. The executor never runs one twice. */
  readonly rerunnable?: true;
  readonly authors: readonly Author[];
  /** Where approvers can read more. Absent, not empty, where there is none: a seal made before this key was known holds. */
  readonly links?: readonly { readonly title: string; readonly url: string }[];
  readonly settings: ReleaseSettings;
  readonly budgets: Budgets;
  readonly tiers: readonly Tier[];
  readonly metrics: readonly Metric[];
  readonly invariants: Invariants;
  readonly gates: readonly DataGate[];
  readonly options: readonly Option[];
  /** Why a hazard that the rules refuse is wanted, by rule: e.g. `{cascade: "…", definer: "…", dispatch: "…"}`. */
  readonly allows: Readonly<Record<string, string>>;
  readonly after: { readonly rollout: readonly AfterStep[]; readonly rollback: readonly AfterStep[] };
  readonly next: readonly NextItem[];
}

/** A release with its digest. Only `sealRelease`, `readSealed` and `releaseOfSeal` make one. */
export interface SealedRelease {
  readonly release: Release;
  readonly seal: Seal;
}
