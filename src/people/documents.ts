import { type Right } from './rights.ts';
import { type Digest, type Instant, type Milliseconds } from '../core/index.ts';

/** The kind of key that a seat accepts: `bound` to one device (never backed up), or any. */
export type DeviceClass = 'any' | 'bound';

/** One place to be filled by one person of at least this level. */
export interface Seat {
  readonly level: number;
  readonly device: DeviceClass;
}

/** Who must ratify, and when that counts. Canonical; its digest is in what people sign. Source: docs/FORMAT.md "Policy". */
export interface Policy {
  readonly format: 1;
  readonly name: string;
  /** false: not for production; every page says so. */
  readonly production: boolean;
  readonly origin: string;
  readonly rpId: string;
  readonly seats: readonly Seat[];
  /** Additional seats if a tier is one-way. */
  readonly oneWaySeats: readonly Seat[];
  /** `longest`: validity of a ratification; `review`: from when the database first received the release to the first signature; `rollback`: how long after it expires the rollback stays open. */
  readonly window: { readonly longest: Milliseconds; readonly review: Milliseconds; readonly rollback: Milliseconds };
  /**
   * `by`: whose rehearsals count, by their ids among the software of the registry; absent: every key that may rehearse. `sampled`: those on a
   * sample of production count too; absent: they do not.
   */
  readonly rehearsal: { readonly maxAge: Milliseconds; readonly by?: readonly string[]; readonly sampled?: 'allowed' };
  /** Whether a rollout may begin although objects changed that the release does not depend on; absent: `unrelated`, it may. */
  readonly drift?: 'none' | 'unrelated';
  /** Tiers that need a ratification of their own. */
  readonly holdPoints: readonly { readonly before: string; readonly seats: readonly Seat[] }[];
  /** Who signs the next registry or policy. */
  readonly quorum: readonly Seat[];
  readonly authenticators: {
    readonly aaguids: readonly string[] | null;
    readonly attestation: 'required' | 'none';
    /** Certificates of the vendors that vouch for authenticators: base64 of DER. Absent: none. */
    readonly roots?: readonly string[];
  };
}

/** What a vendor's authenticator said about a key when the key was made; every reader of the registry can check it. */
export interface Attestation {
  /** When it was checked: certificates count as of then. */
  readonly at: Instant;
  /** The attestation object, base64url without padding. */
  readonly object: string;
  /** What the page gave to the authenticator, base64url without padding: the signature covers it too. */
  readonly clientData: string;
}

/** A passkey. Its identity is the public key, never the credential's id. */
export interface Passkey {
  /** base64url without padding. */
  readonly credential: string;
  /** 64 hexadecimal digits each: a point of P-256. */
  readonly x: string;
  readonly y: string;
  readonly aaguid: string;
  readonly device: 'bound' | 'synced';
  readonly label: string;
  /** Kept where the policy requires it. */
  readonly attestation?: Attestation;
}

/** Someone who can fill a seat. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly level: number;
  readonly keys: readonly Passkey[];
}

/** The persons and their keys. Version 1 is pinned when the gate is installed; a quorum of the previous version signs each next one. */
export interface Registry {
  readonly format: 1;
  readonly version: number;
  readonly previous: Digest | null;
  /** Sorted by id. */
  readonly persons: readonly Person[];
  /** Keys of agents and machines, each with what it may say, sorted: they sign evidence, and never fill a seat. */
  readonly software: readonly { readonly id: string; readonly key: string; readonly may: readonly Right[] }[];
}

/** Identifies a database: everything that distinguishes it from its own copies. */
export interface TargetDescriptor {
  readonly format: 1;
  readonly uri: string;
  readonly incarnation: string;
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly databaseOid: string;
  readonly database: string;
  /** The digest of the footprint, or of the differences that a rollback accepts. */
  readonly schema: Digest;
}

/** One WebAuthn assertion over a statement. */
export interface Signature {
  /** base64url without padding. */
  readonly credential: string;
  readonly authenticatorData: Uint8Array;
  readonly clientDataJSON: Uint8Array;
  /** DER. */
  readonly signature: Uint8Array;
}
