import { z } from 'zod';
import { type Branded, type Formed, type Instant, instantForm, namedForm, recordReader } from '../core/index.ts';
import { type Connection, type Network } from '../database/index.ts';

/** Begins with `oneroof_`. */
export type DatabaseName = Branded<string, 'DatabaseName'>;

/** Who a source database is: enough to tell two databases apart, and a restored one from its original. */
export const sourceForm = z.object({
  database: z.string(),
  systemIdentifier: z.string(),
  timeline: z.number(),
  databaseOid: z.string(),
  /** `server_version_num`. */
  serverVersion: z.number(),
});
export type SourceIdentity = Formed<typeof sourceForm>;

/** One generation of the golden copy of one database. Never changed in place. */
export const goldenForm = z.object({
  provider: z.enum(['template', 'physical']),
  generation: z.number(),
  source: sourceForm,
  takenAt: instantForm,
  /** How well it is known that golden equals production. */
  proofLevel: z.enum(['exact', 'bracketed', 'lineage', 'none']),
  /** What was done: `reflink` (blocks shared) or `copy`, as probed, not as hoped. */
  method: z.enum(['reflink', 'copy', 'wal_log']),
  bytes: z.number(),
  durationMs: z.number(),
  /** The template database on the clone server. */
  database: namedForm<DatabaseName>(),
});
export type Golden = Formed<typeof goldenForm>;

/** What was read of a golden copy once, and under which name. */
export interface Once {
  readonly name: string;
  readonly value: string;
}

/** Evidence of kind `golden`. */
export const readGolden = recordReader(goldenForm.extend({ version: z.literal(1) }));

/** A clone is a lease: it has an owner and an expiry, and carries our mark in COMMENT ON DATABASE. */
export interface Lease {
  readonly database: DatabaseName;
  readonly owner: string;
  readonly createdAt: Instant;
  readonly expires: Instant;
  readonly purpose: string;
  readonly golden: DatabaseName;
  readonly kept: boolean;
}

/** A clone that can be worked on: its lease, and where to connect as its administrator. */
export interface Clone {
  readonly lease: Lease;
  readonly connection: Connection;
  readonly durationMs: number;
  readonly method: Golden['method'];
  /** `private`: nobody else works on the clone's server, so what the server counts is ours. */
  readonly server: 'private' | 'shared';
  /** What the clone's server reaches. */
  readonly network: Network;
}

/** The clone server of one setup, open for work. Get it from `openCloneHost`, close it when done. */
export interface CloneHost {
  /** Takes a new golden generation from the source; the older ones go when no clone uses them. */
  makeGolden(options: {
    readonly signal?: AbortSignal;
    readonly onProgress?: (bytes: { done: number; total: number }) => void;
  }): Promise<Golden>;
  /** The newest golden generation, null where there is none. */
  golden(): Promise<Golden | null>;
  makeClone(options: { readonly purpose: string; readonly owner: string; readonly hours: number }): Promise<Clone>;
  /** Lets the newest golden copy be read while `use` runs; no clone can be made of it meanwhile. */
  readGolden<T>(use: (golden: Connection) => Promise<T>): Promise<T>;
  /**
   * What was read of the newest golden copy, which never changes: kept beside it, and read where it is not there yet, or was read under another
   * name.
   */
  once(name: string, read: () => Promise<string>): Promise<string>;
  /** Marks a clone as kept for inspection (it survives `gc` until its lease expires). */
  keep(database: DatabaseName, hours: number): Promise<Lease>;
  /** Drops a clone; refuses what does not carry our mark. */
  drop(database: DatabaseName): Promise<void>;
  list(): Promise<readonly Lease[]>;
  /** Drops what is expired or left over from a crash; never what does not carry our mark. */
  collectGarbage(at: Instant): Promise<readonly DatabaseName[]>;
  /** How a person connects to a clone, as one command line. */
  howToConnect(database: DatabaseName): string;
  close(): Promise<void>;
}
