import { type Milliseconds } from '../core/index.ts';
import { type Connection, type Secret } from '../database/index.ts';
import { type CloneSetup } from './clone-setup.ts';

/** A database that releases are for. */
export interface Target {
  readonly name: string;
  /** The observer's connection: a role that cannot write. */
  readonly observer: Connection;
  /** The role that runs what was ratified; null where oneroof.yaml names none. */
  readonly executor: Connection | null;
  /** The role that hands in signatures; null where oneroof.yaml names none. */
  readonly relay: Connection | null;
  /** The role that installs the gate; null where oneroof.yaml names none. */
  readonly admin: Connection | null;
  /** A step in batches waits while a replica is further behind, where it is not as usual. */
  readonly replicaLag?: Milliseconds;
  /** The registry of this target, where it is another one than `registryFile`. */
  readonly registryFile?: string;
}

/** Someone who is told of what was recorded. */
export interface Webhook {
  /** May hold a token: never shown. */
  readonly url: Secret;
  /** Its place in oneroof.yaml, and its host or the variable that it came from. */
  readonly name: string;
  /** Signs each delivery; never shown. */
  readonly signingKey: () => Uint8Array;
  /** Kinds of evidence; null: all. */
  readonly kinds: readonly string[] | null;
}

/** How the site of `oneroof serve` is served. Its address is the origin of the policy. */
export interface ServeSetup {
  /** The database for the server's own state; null: a private server. */
  readonly state: Connection | null;
  /** The folder of the private server. */
  readonly folder: string;
  /** Where to listen; null: this machine alone. */
  readonly host: string | null;
  /** Files, PEM; both or neither. */
  readonly certificate: string | null;
  readonly key: string | null;
  /** The file of the token that lets one in to look. */
  readonly tokenFile: string;
  readonly webhooks: readonly Webhook[];
}

/** Where evidence is kept. */
export type EvidencePlace =
  | { readonly kept: 'folder'; readonly folder: string }
  | {
      readonly kept: 'database';
      /** A role that may create the schema `oneroof_evidence`, or write it. */
      readonly connection: Connection;
      /** The private key that signs; made at the first use. */
      readonly keyFile: string;
    };

/** oneroof.yaml, checked and resolved. */
export interface Setup {
  readonly file: string;
  readonly targets: Readonly<Record<string, Target>>;
  /** The target that is meant when none is named. */
  readonly defaultTarget: string;
  readonly clone: CloneSetup | null;
  readonly evidence: EvidencePlace;
  /** The folder that reports are written to. */
  readonly reports: string;
  /** The file that says who has to ratify. */
  readonly policyFile: string;
  /** The file that says who there is. */
  readonly registryFile: string;
  /** Where the page for ratifying listens; the origin that it is reached by is the policy's. */
  readonly pagePort: number;
  readonly serve: ServeSetup;
  readonly policy: { readonly rehearsalMaxAge: Milliseconds; readonly gateMaxAge: Milliseconds };
}
