import { type Digest, type Instant } from '../core/index.ts';
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
  'execution',
  'dossier',
  'proposal',
  'report',
] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];

/** One line of the append-only list. */
export interface Entry {
  /** From 0, without gaps. */
  readonly index: number;
  readonly kind: EvidenceKind;
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
export type Evidence =
  | { readonly entry: Entry; readonly readable: true; readonly body: unknown }
  | { readonly entry: Entry; readonly readable: false; readonly reason: string };

/** Where evidence is kept. Append-only: there is no way to change or delete an entry. */
export interface EvidenceStore {
  append(recording: Recording, at: Instant): Promise<Entry>;
  entries(): Promise<readonly Entry[]>;
  /** What changes with every append, unchecked and cheap: for whoever only wants to know whether to look again. */
  head(): Promise<string>;
  /** The evidence of one release, oldest first, bytes checked against their digest. */
  of(seal: Digest): Promise<readonly Evidence[]>;
  /** The lines with their signers, and the checkpoint; the log detects changes, it authorises nothing. */
  log(): Promise<Log>;
  /** The bytes of an entry, unchecked; null where they are missing. */
  bytes(entry: Entry): Promise<Uint8Array | null>;
  /** The same of many entries at once, by their digest; what is missing is left out. */
  blobs(entries: readonly Entry[]): Promise<ReadonlyMap<Digest, Uint8Array>>;
  /** Where a person finds the bytes of an entry, e.g. a path. */
  locate(entry: Entry): string;
}
