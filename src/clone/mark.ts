import { type Instant } from '../core/index.ts';
import { type DatabaseName, type Golden, type Lease, type Once } from './clone.ts';

/** Who made a clone: `gc` asks whether that process still lives. */
export interface Maker {
  readonly host: string;
  readonly pid: number;
}

/** What our mark on a database says: a golden generation, or a lease with its maker. */
export type Mark =
  | { readonly kind: 'golden'; readonly golden: Golden; readonly once?: Once }
  | { readonly kind: 'lease'; readonly lease: Lease; readonly maker: Maker };

const prefix = 'oneroof:';

/** Writes the mark as the text of COMMENT ON DATABASE. */
export function writeMark(mark: Mark): string {
  return prefix + JSON.stringify(mark);
}

/** Reads the mark of a database; null for everything that is not exactly ours, a name that does not match included. */
export function readMark(comment: string | null, database: string): Mark | null {
  if (comment === null || !comment.startsWith(prefix)) return null;
  let value: unknown;
  try {
    value = JSON.parse(comment.slice(prefix.length));
  } catch (error) {
    // somebody else's comment that begins like ours is not our mark
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const mark = value as Partial<{ kind: string; golden: Partial<Golden>; lease: Partial<Lease>; maker: Maker }> | null;
  if (mark?.kind === 'golden' && mark.golden?.database === database) return value as Mark;
  const leased = mark?.kind === 'lease' && mark.lease?.database === database && isText(mark.lease.expires);
  return leased && isText(mark.maker?.host) && typeof mark.maker?.pid === 'number' ? (value as Mark) : null;
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/** The name of a golden generation. A name of PostgreSQL holds 63 bytes, so a long database name is shortened. */
export function goldenName(database: string, generation: number): DatabaseName {
  return `oneroof_${shortened(database)}_g${generation}` as DatabaseName;
}

/** The name of a clone, with a random ending. */
export function cloneName(database: string, ending: string): DatabaseName {
  return `oneroof_${shortened(database)}_c_${ending}` as DatabaseName;
}

function shortened(database: string): string {
  let name = database;
  while (Buffer.byteLength(name) > 36) name = [...name].slice(0, -1).join('');
  return name;
}

/** Says whether a lease has run out. */
export function isExpired(lease: Lease, at: Instant): boolean {
  return lease.expires <= at;
}
