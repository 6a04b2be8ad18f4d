import { type Binaries } from '../database/index.ts';

/** What a role that can connect sees of a production: enough to say how it could be copied. */
export interface SourceLook {
  /** As the server numbers it, e.g. 160004. */
  readonly serverVersion: number;
  readonly isStandby: boolean;
  /** The database, with its indexes. */
  readonly bytes: number;
  /** All databases of the server. */
  readonly bytesOfServer: number;
  /** It is on this machine, and this process may read it; null: not so, or not known. */
  readonly dataDirectory: string | null;
  readonly hasTablespaces: boolean;
  /** The role that looked. */
  readonly role: string;
  readonly isSuperuser: boolean;
  readonly mayBackUp: boolean;
  /** Tables, views and sequences that the role may not read. */
  readonly unreadable: number;
  /** `TLSv1.3`, for instance; null: not encrypted. */
  readonly tls: string | null;
  readonly extensions: readonly string[];
  /** What a private server here would run; null: nothing is here. */
  readonly binaries: Pick<Binaries, 'origin' | 'folder'> | null;
  /** Extensions that those programs lack; null: not known. */
  readonly lacking: readonly string[] | null;
  /** Where the golden copy would be; null: not known. */
  readonly free: number | null;
}

/** A clone provider that fits a production, with its reason and what it costs. */
export interface Recommendation {
  readonly provider: 'dump' | 'physical';
  readonly reason: string;
  readonly cost: string;
  /** What is to be done before the first golden copy. */
  readonly before: readonly string[];
}

/** Recommends a clone provider; null: this version cannot be copied. */
export function recommendClone(look: SourceLook, { socket }: { readonly socket: boolean }): Recommendation | null {
  const major = Math.floor(look.serverVersion / 10_000);
  if (major < 14 || major > 18) return null;
  const isPhysical = look.dataDirectory !== null && !look.hasTablespaces && look.binaries?.origin === 'system';
  const bytes = isPhysical ? look.bytesOfServer : look.bytes;
  const room = look.free === null ? 'the free room here is not known' : `${sizeText(look.free)} are free`;
  const before = [
    ...(look.binaries === null ? [`oneroof server add ${major}`] : []),
    ...((look.lacking ?? []).length === 0 || isPhysical
      ? []
      : [
          `install the extensions ${(look.lacking ?? []).join(', ')} for PostgreSQL ${major} on this machine, and set bin: to that installation`,
        ]),
    ...(look.free !== null && look.free < bytes ? [`set folder: to a disk with ${sizeText(bytes)}: ${room}`] : []),
  ];
  if (isPhysical)
    return {
      provider: 'physical',
      reason: 'its data directory is on this machine, and can be read',
      cost: `the files of the whole server, ${sizeText(bytes)} here (${room}; nothing where the file system shares blocks)`,
      before,
    };
  return {
    provider: 'dump',
    reason: reasonForDump(look, socket),
    cost: `${sizeText(bytes)} at most are read from production once, under one snapshot, and take about as much here (${room})`,
    before,
  };
}

function reasonForDump(look: SourceLook, socket: boolean): string {
  if (look.dataDirectory !== null && look.hasTablespaces)
    return 'production has tablespaces, so its files cannot be copied as one folder';
  if (look.dataDirectory !== null)
    return 'the programs of production are not in a usual folder of this machine; others could sort text differently in its files';
  return socket
    ? 'the data directory cannot be read from here'
    : 'production is on another host, or does not show its data directory';
}

/** Bytes for people. */
export function sizeText(bytes: number): string {
  for (const [unit, size] of [
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
  ] as const)
    if (bytes >= size) return `${(bytes / size).toFixed(bytes >= 10 * size ? 0 : 1)} ${unit}`;
  return `${Math.ceil(bytes / 1e3)} kB`;
}
