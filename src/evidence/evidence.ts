import { type Digest, type Instant, type FormReader } from '../core/index.ts';
import { type SshKey } from './sshsig.ts';

/** What a piece of evidence is about. Evidence knows no stage: a kind and bytes. */
export const evidenceKinds = [
  'seal',
  'golden',
  'rehearsal',
  'gate',
  'baseline',
  'verification',
  'ratification',
  'decline',
  'revocation',
  'abandonment',
  'adoption',
  'rules',
  'execution',
  'review',
  'dossier',
  'proposal',
  'report',
] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];

/** One line of the append-only list. */
export interface Entry<Kind extends EvidenceKind = EvidenceKind> {
  /** From 0, without gaps. */
  readonly index: number;
  readonly kind: Kind;
  /** The digest of the bytes: the address of the evidence. */
  readonly digest: Digest;
  /** The release that it speaks of. */
  readonly seal: Digest;
  readonly recordedAt: Instant;
  /** Bytes. */
  readonly size: number;
}

/** One line of a log that was checked: the entry in it, and whose signature it has. */
export interface Line {
  readonly text: string;
  readonly entry: Entry;
  readonly signer: SshKey;
}

/** A log that was checked: each line, the order, and the head that its writer signed. */
export interface Log {
  readonly lines: readonly Line[];
  /** Null where nothing was recorded yet. */
  readonly checkpoint: string | null;
}

/** What is handed in to be recorded: a JSON value, stored as canonical bytes. */
export interface Recording {
  readonly kind: EvidenceKind;
  readonly seal: Digest;
  readonly body: unknown;
}

/** A stored piece: its entry, and its body or why it cannot be read. */
export type Piece<Kind extends EvidenceKind, Body> =
  | { readonly entry: Entry<Kind>; readonly readable: true; readonly body: Body }
  | {
      readonly entry: Entry<Kind>;
      readonly readable: false;
      readonly reason: string;
      /** Its bytes are missing or not the recorded ones: that came after the entry was written. */
      readonly damaged?: true;
    };

/** The types of the bodies of some kinds: those that a part of the program reads. */
export type Bodies = { readonly [Kind in EvidenceKind]?: unknown };

/** A piece as it is stored: its bytes are the recorded ones, and no one has read its body. */
export type Stored = Piece<EvidenceKind, unknown>;

/** A piece of any kind. For a kind that is not among the bodies it only says whether it can be read. */
export type Evidence<Of extends Bodies> = {
  [Kind in EvidenceKind]: Piece<Kind, Kind extends keyof Of ? Of[Kind] : unknown>;
}[EvidenceKind];

/** What reads the bodies of each kind: handed in, since evidence knows no stage. */
export type Readers<Of extends Bodies> = { readonly [Kind in EvidenceKind]: FormReader<Of[Kind]> };

/** Says whether a piece is of one of some kinds, as a type. */
export function isOfKind<Any extends { readonly entry: Entry }, Kind extends EvidenceKind>(
  piece: Any,
  ...kinds: readonly Kind[]
): piece is Extract<Any, { readonly entry: Entry<Kind> }> {
  return (kinds as readonly EvidenceKind[]).includes(piece.entry.kind);
}

/** The pieces of some kinds, in their order. */
export function ofKind<Any extends { readonly entry: Entry }, Kind extends EvidenceKind>(
  evidence: readonly Any[],
  ...kinds: readonly Kind[]
): readonly Extract<Any, { readonly entry: Entry<Kind> }>[] {
  return evidence.filter((piece): piece is Extract<Any, { readonly entry: Entry<Kind> }> => isOfKind(piece, ...kinds));
}

/** Where evidence is kept. Append-only: there is no way to change or delete an entry. */
export interface EvidenceStore<One = Stored> {
  append(recording: Recording, at: Instant): Promise<Entry>;
  /** The public key that this machine signs entries with; made where there is none. */
  ownKey(): Promise<SshKey>;
  entries(): Promise<readonly Entry[]>;
  /** A mark that changes with every append, unchecked and cheap: for readers who only need to know whether to read again. */
  head(): Promise<string>;
  /** The evidence of one release, oldest first, bytes checked against their digest. */
  of(seal: Digest): Promise<readonly One[]>;
  /** The lines with their signers, and the checkpoint; the log detects changes, it authorises nothing. */
  log(): Promise<Log>;
  /** The bytes of an entry, unchecked; null where they are missing. */
  bytes(entry: Entry): Promise<Uint8Array | null>;
  /** The same for many entries at once, by their digest; missing ones are left out. */
  blobs(entries: readonly Entry[]): Promise<ReadonlyMap<Digest, Uint8Array>>;
  /** Where a person finds the bytes of an entry, e.g. a path. */
  locate(entry: Entry): string;
}
