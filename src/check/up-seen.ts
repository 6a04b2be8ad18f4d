import { type Notice } from '../database/index.ts';
import { type RelationRows, type SchemaFingerprint } from '../fingerprint/index.ts';
import type { Moment, OldTable } from './probe.io.ts';
import { type Sent } from './sent.ts';

/** A statement that ran, with what its transaction was before and after it. */
export interface Measured {
  readonly sent: Sent;
  readonly moments: readonly [before: Moment, after: Moment] | null;
  readonly notices: readonly Notice[];
}

/** What an up did to tables that have rows. */
export interface UpSeen {
  readonly file: string;
  readonly ran: readonly Measured[];
  readonly old: readonly OldTable[];
  /** The rows of tables and materialized views before the up. */
  readonly filled: readonly Pick<RelationRows, 'relation' | 'rows'>[];
  /** The schema before the up: what it made itself is no loss. */
  readonly before: Pick<SchemaFingerprint, 'objects'>;
  /** Of each old table: its rows and, by number, the columns that were dropped and have values. */
  readonly lost: ReadonlyMap<string, { readonly rows: number; readonly columns: ReadonlyMap<number, LostColumn> }>;
}

/** A dropped column, and how many rows had a value in it. */
export interface LostColumn {
  readonly name: string;
  readonly values: number;
}
