import { createHash } from 'node:crypto';
import { type Instant, type ProcessMark } from '../core/index.ts';
import { type DatabaseName, type Golden, type KeptReadings, type Lease, type SourceIdentity } from './clone.ts';

/** What our mark on a database says: a golden generation, or a lease with its maker: `gc` asks whether that process still lives. */
export type Mark =
  | { readonly kind: 'golden'; readonly golden: Golden; readonly once?: KeptReadings }
  | { readonly kind: 'lease'; readonly lease: Lease; readonly maker: ProcessMark };

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
    // someone else's comment that begins like ours is not our mark
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const mark = value as Partial<{
    kind: string;
    golden: Partial<Golden>;
    lease: Partial<Lease>;
    maker: ProcessMark;
  }> | null;
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

/** The name of a new clone of a golden copy; the ending is drawn, eight hexadecimal digits. */
export function newCloneName(golden: SeriesOf, ending: string): DatabaseName {
  return `oneroof_${shortened(golden.source.database)}_c_${seriesOf(golden)}${ending}` as DatabaseName;
}

/** Whether a database without a mark is a clone of this golden copy: nothing else has its numbers in its name. */
export function isHalfMade(database: string, golden: SeriesOf): boolean {
  const begin = newCloneName(golden, '');
  return database.startsWith(begin) && /^[0-9a-f]{8}$/.test(database.slice(begin.length));
}

/** The name of a golden copy until it is complete. It is renamed then, so a database with this name is none. */
export function draftName(source: DraftOf, ending: string): DatabaseName {
  return `oneroof_${shortened(source.database)}_d_${numbersOf(JSON.stringify([source.systemIdentifier, source.databaseOid, 'draft']))}${ending}` as DatabaseName;
}

/** Whether a database is a golden copy of this source that was not completed. */
export function isDraft(database: string, source: DraftOf): boolean {
  const begin = draftName(source, '');
  return database.startsWith(begin) && /^[0-9a-f]{8}$/.test(database.slice(begin.length));
}

type DraftOf = Pick<SourceIdentity, 'database' | 'systemIdentifier' | 'databaseOid'>;
type SeriesOf = Pick<Golden, 'source' | 'database' | 'takenAt'>;

function seriesOf({ source, database, takenAt }: SeriesOf): string {
  return numbersOf(JSON.stringify([source.systemIdentifier, source.databaseOid, database, takenAt]));
}

function numbersOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
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

/** Whether the comment of a database is the mark of a lease: it is renewed while work goes on. */
export function isLease(comment: unknown, database: string): boolean {
  return typeof comment === 'string' && readMark(comment, database)?.kind === 'lease';
}
