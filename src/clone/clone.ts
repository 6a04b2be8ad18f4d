import { z } from 'zod';
import {
  type Branded,
  digestForm,
  type Formed,
  type Instant,
  instantForm,
  namedForm,
  recordReader,
} from '../core/index.ts';
import { type Connection, type Network } from '../database/index.ts';

/** Begins with `oneroof_`, or with `oneroof-` where a program gives it to a service. */
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

/** Where a golden copy came from, and what it does not contain. */
export const originForm = z.object({
  /** The server and role that it was read from, for people. */
  server: z.string(),
  /** The server was a standby. */
  standby: z.boolean(),
  /** Relations whose rows were compared with production's under one snapshot, and found equal. */
  compared: z.number(),
  /** What was not compared, and why. */
  notCompared: z.array(z.object({ relation: z.string(), reason: z.string() })),
  /** What production has and the copy does not, one line each. */
  leftOut: z.array(z.string()),
  /** What could act by itself or reach another server, and what became of it, one line each; absent in older records. */
  neutral: z.array(z.string()).exactOptional(),
  /** What the program that took the copy says of it, one line each; nobody checked that. */
  said: z.array(z.string()).exactOptional(),
});
export type GoldenOrigin = Formed<typeof originForm>;

/** What was replaced in a golden copy before a clone could be made of it. */
export const masksForm = z.object({
  /** Of names and expressions, as oneroof.yaml had them. */
  digest: digestForm,
  columns: z.array(
    z.object({
      /** As oneroof.yaml writes it. */
      column: z.string(),
      rows: z.number(),
      /** Rows whose value is not null and as in production; where a program masked it, values that production has too, in whatever row. */
      unchanged: z.number(),
    }),
  ),
  /** Materialized views: all were computed again. */
  views: z.array(z.string()),
});
export type GoldenMasks = Formed<typeof masksForm>;

/** Which rows of production a golden copy has, where it was taken as a sample. */
export const sampleForm = z.object({
  /** Of share, sizes, seed and conditions, as oneroof.yaml had them. */
  digest: digestForm,
  /** Of the rows of a larger table, in millionths. */
  share: z.number(),
  /** The tables of which a share was taken, partitions together; all other tables have every row. */
  tables: z.array(
    z.object({
      table: z.string(),
      /** In the copy; null where they could not be compared. */
      rows: z.number().nullable(),
      /** In production, as its catalogue estimates; null: no one has counted. */
      about: z.number().nullable(),
    }),
  ),
});
export type GoldenSample = Formed<typeof sampleForm>;

/** One generation of the golden copy of one database. Never changed in place. */
export const goldenForm = z.object({
  provider: z.enum(['template', 'physical', 'dump', 'basebackup', 'exec']),
  generation: z.number(),
  source: sourceForm,
  takenAt: instantForm,
  /** How well it is known that golden equals production. `sampled`: so far as rows were chosen. */
  proofLevel: z.enum(['exact', 'bracketed', 'lineage', 'sampled', 'none']),
  /** What was done: `reflink` (blocks shared) or `copy`, as probed, not as hoped; `service`: what a service did, which does not show. */
  method: z.enum(['reflink', 'copy', 'wal_log', 'service']),
  bytes: z.number(),
  durationMs: z.number(),
  /** The template database on the clone server. */
  database: namedForm<DatabaseName>(),
  /** How it was taken; absent in copies of before. */
  from: originForm.optional(),
  /** Absent where nothing was masked. */
  masks: masksForm.exactOptional(),
  /** Absent where every row was copied. */
  sample: sampleForm.exactOptional(),
});
export type Golden = Formed<typeof goldenForm>;

/** Whether a golden copy lacks rows of production. */
export function isSampled({ proofLevel, sample }: Partial<Pick<Golden, 'proofLevel' | 'sample'>>): boolean {
  return proofLevel === 'sampled' || (sample?.tables ?? []).length > 0;
}

/** What was read of a golden copy once, and under which name. */
export interface Once {
  readonly name: string;
  readonly value: string;
}

/** What is kept of readings; older copies have one. */
export type KeptReadings = Once | readonly Once[];

/** What was read under a name; null where nothing was. */
export function keptUnder(kept: KeptReadings | undefined, name: string): string | null {
  return listOf(kept).find((one) => one.name === name)?.value ?? null;
}

/** The same with one more reading, in the place of that whose name begins with the same word. */
export function keptWith(kept: KeptReadings | undefined, once: Once): readonly Once[] {
  const topic = ({ name }: Once): string => name.split(' ')[0] ?? '';
  return [...listOf(kept).filter((one) => topic(one) !== topic(once)), once];
}

function listOf(kept: KeptReadings | undefined): readonly Once[] {
  if (kept === undefined) return [];
  return 'name' in kept ? [kept] : kept;
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
  /** Present in lists where its golden copy lacks rows of production. */
  readonly sampled?: true;
}

/** A clone that can be worked on: its lease, and where to connect as its administrator. */
export interface Clone {
  readonly lease: Lease;
  readonly connection: Connection;
  readonly durationMs: number;
  readonly method: Golden['method'];
  /** `private`: no other process has worked on the clone's server, so what the server counts is ours. It may change: ask at the end of a measurement. */
  readonly server: 'private' | 'shared';
  /** What the clone's server reaches. */
  readonly network: Network;
}

/** What is known of the gate of a source that is copied without it. */
export interface CopiedGate {
  /** Of the copy. */
  readonly serverVersion: number;
  /** Whose rights ratified steps have. */
  readonly appOwner: string;
  /** Who installed it: only a superuser makes its event triggers. */
  readonly as: 'superuser' | 'owner';
}

/** The options of taking a golden generation. */
export interface GoldenOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: { done: number; total: number }) => void;
  /** Messages for a person during the work, one line each. */
  readonly onNotice?: (text: string) => void;
  /** SQL that makes the functions of the gate where a copy is made without it and the source has one; without this, such a copy has none. */
  readonly gateSql?: (of: CopiedGate) => string;
  /** What the copy may have at most: a sample knows only at the end what its foreign keys add. Bytes; null: no bound. */
  readonly room?: number | null;
}

/** The clone server of one setup, open for work. Get it from `openCloneHost`, close it when done. */
export interface CloneHost {
  /** Takes a new golden generation from the source; the older ones go when no clone uses them. */
  makeGolden(options: GoldenOptions): Promise<Golden>;
  /** The newest golden generation, null where there is none. */
  golden(): Promise<Golden | null>;
  makeClone(options: { readonly purpose: string; readonly owner: string; readonly hours: number }): Promise<Clone>;
  /** Lets the newest golden copy be read while `use` runs; no clone can be made of it meanwhile. */
  readGolden<T>(use: (golden: Connection) => Promise<T>): Promise<T>;
  /**
   * What was read of the newest golden copy, which never changes: kept beside it, and read where it is not there yet, or was read under another
   * name. Of the names that begin with one word the newest is kept.
   */
  once(name: string, read: () => Promise<string>): Promise<string>;
  /** Marks a clone as kept for inspection (it survives `gc` until its lease expires). */
  keep(database: DatabaseName, hours: number): Promise<Lease>;
  /** Makes a clone as its golden copy is; refuses a database without our mark, and a clone of another source. */
  reset(database: DatabaseName): Promise<Lease>;
  /** Drops a clone; refuses a database without our mark, and a clone of another source. */
  drop(database: DatabaseName): Promise<void>;
  list(): Promise<readonly Lease[]>;
  /** Drops clones that expired or remain from a crash; never a database without our mark. */
  collectGarbage(at: Instant): Promise<readonly DatabaseName[]>;
  /** How a person connects to a clone, as one command line. */
  howToConnect(database: DatabaseName): string;
  close(): Promise<void>;
}
