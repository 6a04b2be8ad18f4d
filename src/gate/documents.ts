import { type Digest, type Milliseconds } from '../core/index.ts';

/** What a key may be: `bound` to one device (never backed up), or any. */
export type DeviceClass = 'any' | 'bound';

/** One place to be filled by one person of at least this level. */
export interface Seat {
  readonly level: number;
  readonly device: DeviceClass;
}

/** Who has to ratify, and when that counts. Canonical; its digest is in what people sign. Source: docs/FORMAT.md "Policy". */
export interface Policy {
  readonly format: 1;
  readonly name: string;
  /** false: not for production; every page says so. */
  readonly production: boolean;
  readonly origin: string;
  readonly rpId: string;
  readonly seats: readonly Seat[];
  /** Further seats where a tier is one-way. */
  readonly oneWaySeats: readonly Seat[];
  /** `longest`: validity of a ratification; `review`: from the seal to the first signature; `rollback`: how long after it expires the way back stays open. */
  readonly window: { readonly longest: Milliseconds; readonly review: Milliseconds; readonly rollback: Milliseconds };
  readonly rehearsal: { readonly maxAge: Milliseconds };
  /** Tiers that need a ratification of their own. */
  readonly holdPoints: readonly { readonly before: string; readonly seats: readonly Seat[] }[];
  /** Who signs the next registry or policy. */
  readonly quorum: readonly Seat[];
  readonly authenticators: { readonly aaguids: readonly string[] | null; readonly attestation: 'required' | 'none' };
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
}

/** Somebody who can fill a seat. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly level: number;
  readonly keys: readonly Passkey[];
}

/** Who there is. Version 1 is pinned when the gate is installed; each next one is signed by a quorum of the one before. */
export interface Registry {
  readonly format: 1;
  readonly version: number;
  readonly previous: Digest | null;
  /** Sorted by id. */
  readonly persons: readonly Person[];
  /** Keys of agents and machines: they sign releases, evidence and reviews, and never fill a seat. */
  readonly software: readonly { readonly id: string; readonly key: string }[];
}

/** Which database: everything that tells it from its own copies. */
export interface TargetDescriptor {
  readonly format: 1;
  readonly uri: string;
  readonly incarnation: string;
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly databaseOid: string;
  readonly database: string;
  /** What `gate.schema_digest()` said on the clone before the forward. */
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
