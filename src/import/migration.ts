/** The tools whose migrations are read from files, and those whose migrations are programs and are recorded, by the name that people use for them. */
export type ToolName =
  | 'golang-migrate'
  | 'goose'
  | 'dbmate'
  | 'flyway'
  | 'prisma'
  | 'drizzle'
  | 'supabase'
  | 'sqlx'
  | 'atlas'
  | 'diesel'
  | 'graphile-migrate'
  | 'node-pg-migrate'
  | 'sqitch'
  | 'refinery'
  | 'liquibase'
  | 'popx'
  | 'hasura'
  | 'sql-migrate'
  | 'plain'
  | 'knex'
  | 'typeorm'
  | 'mikro-orm'
  | 'sequelize'
  | 'alembic'
  | 'django'
  | 'rails';

/** SQL of one direction as it stands in a file. */
export interface Script {
  /** The file, from the root of the repository, with `/`. */
  readonly file: string;
  /** The line of the file on which `text` begins, from 1: an error at line n of `text` is at `line + n - 1`. */
  readonly line: number;
  readonly text: string;
  /**
   * How the tool sends it: `transaction`: in one transaction, either because the tool begins one or because it sends one message;
   * `message`: in one message without BEGIN, so that a single statement runs outside a transaction and several run in an implicit one;
   * `statements`: each statement alone, outside a transaction.
   */
  readonly send: 'transaction' | 'message' | 'statements';
}

/** One migration, in the tool's own terms. */
export interface Migration {
  /** What the tool orders and records it by: a version, a name, a tag. Unique in its project. */
  readonly id: string;
  /** What a person calls it: most often the name of its file or folder. */
  readonly name: string;
  readonly up: Script;
  /** null: there is none, which is a fact and no error. */
  readonly down: Script | null;
  /** What the tool compares with its history in place of the id: the `when` of Drizzle's journal, in milliseconds. */
  readonly when?: number;
  /** Why it cannot be run as SQL, such as a file of Go or an unresolved placeholder; null: it can. It stays in its place in the order. */
  readonly unreadable: string | null;
}

/** A folder of migrations, as its tool reads it. */
export interface MigrationProject {
  readonly tool: ToolName;
  /** The folder, from the root of the repository; empty for the root. */
  readonly folder: string;
  /** By what the tool was known, in words that end a sentence: `pressly/goose in go.mod`. */
  readonly knownBy: string;
  /** In the tool's own order. */
  readonly migrations: readonly Migration[];
  /** SQL that the tool runs itself before the first migration, such as that of its own table; absent: it is not known or not needed. */
  readonly before?: string;
  /** What the reader noticed: a number given twice, a file without a version. */
  readonly warnings: readonly { readonly file: string; readonly text: string }[];
}
