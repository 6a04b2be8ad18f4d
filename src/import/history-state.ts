import { type ToolHistory } from '../release/index.ts';
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

/** What a database says of a folder of migrations. */
export interface PendingIn extends HistoryState {
  /** The table of the history, quoted as in SQL; null: there is none, so nothing was run. */
  readonly table: string | null;
  /** The same table in parts, without quotes, and who owns it. */
  readonly history: (ToolHistory & { readonly owner: string }) | null;
  /** Its rows, with the columns that decide, as text. */
  readonly rows: readonly HistoryRow[];
}

/** A column of a row; empty where it is null. */
export const columnOf = (row: HistoryRow, column: string): string => row[column] ?? '';
