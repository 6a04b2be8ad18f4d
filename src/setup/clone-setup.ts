import { type Milliseconds, type NonEmpty } from '../core/index.ts';
import { type Connection, type Secret } from '../database/index.ts';

/** How much golden copies and clones may hold; null: no bound. */
export interface CloneCap {
  readonly maxClones: number | null;
  /** Always null for the provider "exec": what a service stores does not show. */
  readonly maxBytes: number | null;
}

/** What replaces values of production in a golden copy. */
export interface MaskSetup {
  /** Names and expressions as they are written; neither was parsed yet. */
  readonly columns: readonly { readonly column: string; readonly expression: string }[];
  readonly command?: MaskCommand;
}

/** A program that masks a copy in its place. */
export interface MaskCommand {
  /** The program and its arguments as they are written: no shell reads them, and a path is one from `startIn`. */
  readonly run: NonEmpty<string>;
  /** What it is started in: the folder of oneroof.yaml. */
  readonly startIn: string;
  /** The environment variables that it gets beside the address of the copy, with their values: they may be secrets. */
  readonly variables: ReadonlyMap<string, Secret>;
  readonly deadline: Milliseconds;
  /** The columns that it may change, and must. Names as they are written. */
  readonly columns: readonly string[];
}

/** Which rows of production a golden copy gets, where it does not get all. */
export interface SampleSetup {
  /** Of the rows of a larger table, in millionths. */
  readonly share: number;
  /** Tables up to this size are kept whole. Bytes. */
  readonly above: number;
  readonly seed: number;
  /** Rows that are kept besides, by names and conditions as they are written; neither was parsed yet. */
  readonly keep: readonly { readonly table: string; readonly condition: string }[];
}

/** Where clones come from. */
export type CloneSetup = {
  /** Absent where there is no bound. */
  readonly cap?: CloneCap;
} & (
  | {
      readonly provider: 'template';
      /** A role with CREATEDB on the clone server (may be the source's own server only where `sameServer` says so). */
      readonly admin: Connection;
      /** The database that the golden copy is taken from. */
      readonly source: string;
      readonly sameServer: boolean;
      readonly mask?: MaskSetup;
    }
  | {
      readonly provider: 'physical';
      /** A role that may call pg_backup_start and pg_backup_stop on the source. */
      readonly backup: Connection;
      /** The source's data directory on this host; null: ask the server. */
      readonly dataDirectory: string | null;
      /** The folder for golden generations and their private server. */
      readonly folder: string;
      /** The programs to run the copy with; null: found by version. */
      readonly bin: string | null;
      readonly mask?: MaskSetup;
    }
  | {
      readonly provider: 'dump';
      /** A role that reads every table of production, for golden copies alone. */
      readonly dump: Connection;
      readonly folder: string;
      readonly bin: string | null;
      readonly jobs: number;
      /** Bytes a second; null: no bound. */
      readonly maxRate: number | null;
      readonly maxSnapshotAge: Milliseconds;
      readonly mask?: MaskSetup;
      /** Absent: every row. */
      readonly sample?: SampleSetup;
    }
  | {
      readonly provider: 'basebackup';
      /** A role with REPLICATION that reads every table of production, for golden copies alone. */
      readonly backup: Connection;
      readonly folder: string;
      readonly bin: string | null;
      readonly checkpoint: 'fast' | 'spread';
      /** Bytes a second; null: no bound. */
      readonly maxRate: number | null;
      readonly maxDuration: Milliseconds;
      /** `lineage`: production is not read to compare the copy with it. */
      readonly proof: 'exact' | 'lineage';
      readonly mask?: MaskSetup;
    }
  | {
      readonly provider: 'exec';
      /** A program and its arguments: no shell reads them. */
      readonly command: NonEmpty<string>;
      /** What the program is started in: the folder of oneroof.yaml. */
      readonly startIn: string;
      /** The environment variables that the program gets, with their values: they may be secrets. */
      readonly variables: ReadonlyMap<string, Secret>;
      /** How long one call may take. */
      readonly deadline: Milliseconds;
      /** Where it is recorded what the program was asked for. */
      readonly folder: string;
    }
);
