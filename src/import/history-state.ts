import { type Migration } from './migration.ts';

/** One row of a tool's history, as text; null is SQL's. */
export type HistoryRow = Readonly<Record<string, string | null>>;

/** What a history says of the migrations of a folder. */
export interface HistoryState {
  /** Migrations that the tool would run now, in its order. */
  readonly pending: readonly Migration[];
  /** What is recorded and has no migration here. */
  readonly unknown: readonly string[];
  /** Why the tool itself would stop: a migration that failed half way; null: it would not. */
  readonly stopped: string | null;
}

/** A column of a row; empty where it is null. */
export const columnOf = (row: HistoryRow, column: string): string => row[column] ?? '';
