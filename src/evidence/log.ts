import { z } from 'zod';
import {
  type Digest,
  type ErrorCode,
  type Instant,
  instant,
  isDigest,
  OneRoofError,
  printable,
  stated,
} from '../core/index.ts';
import { type Head, isSignedBy, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { parseCanonical, readEnvelope, writeEnvelope } from './envelope.ts';
import { type Entry, evidenceKinds, type Line, type Log } from './evidence.ts';
import {
  extend,
  frontierOf,
  frontierRoot,
  leafHash,
  rootOf,
  same,
  type Tree,
  type TreeHash,
  treeOf,
  verifyInclusion,
} from './merkle.ts';
import { type SoftwareKey } from './sshsig.ts';
import { writeStatement } from './statement.ts';

/** A line is about 1,000 bytes; one that is far longer was not written by us. Bytes. */
export const longestLine = 65_536;

const instantText = z.custom<Instant>((value) => {
  if (typeof value !== 'string') return false;
  const time = Date.parse(value);
  return !Number.isNaN(time) && instant(new Date(time)) === value;
});
const statement = z.strictObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.tuple([
    z.strictObject({
      name: z.literal('release'),
      digest: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    }),
  ]),
  predicateType: z.literal('urn:oneroof:evidence:v1'),
  predicate: z.strictObject({
    kind: z.enum(evidenceKinds),
    digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
    index: z.int().nonnegative(),
    recordedAt: instantText,
    size: z.int().nonnegative(),
  }),
});

/** Writes an entry as a signed line, without its line feed. */
export function writeLine(entry: Entry, key: SoftwareKey): string {
  const { seal, ...predicate } = entry;
  return writeEnvelope(
    writeStatement({ kind: 'evidence', subject: { name: 'release', digest: seal }, predicate }),
    key,
  );
}

/** Reads a line: its entry and its signer, or what is wrong with it. */
export function readLine(text: string): Line | { readonly code: ErrorCode; readonly why: string } {
  if (text.length > longestLine) return { code: 'EVIDENCE_LOG_BROKEN', why: `is longer than ${longestLine} bytes` };
  const envelope = readEnvelope(text);
  if (envelope === 'no envelope') return { code: 'EVIDENCE_LOG_BROKEN', why: 'is no entry' };
  if (envelope === 'wrong signature')
    return { code: 'EVIDENCE_LINE_EDITED', why: 'has no valid signature of its writer' };
  const parsed = statement.safeParse(parseCanonical(envelope.body));
  if (!parsed.success) return { code: 'EVIDENCE_LOG_BROKEN', why: 'has a statement that is not an entry' };
  const { subject, predicate } = parsed.data;
  const seal = `sha256:${subject[0].digest.sha256}` as Digest;
  return { text, entry: { ...predicate, seal }, signer: envelope.signer };
}

/** The leaves of the tree over a log: one for each line, without its line feed. */
export function logLeaves(lines: readonly { readonly text: string }[]): readonly TreeHash[] {
  return lines.map(({ text }) => leafHash(text));
}

/** A log as it is stored. */
export interface StoredLog {
  /** Where it is kept, for people. */
  readonly place: string;
  readonly bytes: Uint8Array;
  readonly checkpoint: string | null;
  /** The checkpoint that an append wrote before its line, to be put in place after it. */
  readonly next: string | null;
}

/** A checked log, with what is needed to check only what is added to it. */
export interface VerifiedLog extends Log {
  /** All complete lines. */
  readonly bytes: Buffer;
  readonly tree: Tree;
}

/** So many lines are checked before others get their turn: some milliseconds. */
const slice = 16;

/**
 * Checks a log: each line, its signature, the order, and the root against the checkpoint. A last line without its line feed was
 * cut off by a crash and is no entry. Of a log that was checked before, the bytes are compared and only new lines are checked; it
 * has to be continued. It yields now and then, so that others can have their turn.
 *
 * Errors  EVIDENCE_LOG_BROKEN, EVIDENCE_LINE_EDITED, EVIDENCE_LINE_ORDER, EVIDENCE_LOG_TRUNCATED, EVIDENCE_LOG_FORKED,
 *         EVIDENCE_CHECKPOINT_BROKEN.
 */
export function* checkLog(stored: StoredLog, known: VerifiedLog | null = null): Generator<void, VerifiedLog> {
  const { place } = stored;
  const all = Buffer.from(stored.bytes.buffer, stored.bytes.byteOffset, stored.bytes.length);
  const bytes = all.subarray(0, all.lastIndexOf(0x0a) + 1);
  const isContinued = known?.bytes.equals(bytes.subarray(0, known.bytes.length)) ?? false;
  const before = isContinued ? known : null;
  const lines = [...(before?.lines ?? [])];
  const leaves: TreeHash[] = [];
  for (const text of decode(bytes.subarray(before?.bytes.length ?? 0), place)
    .split('\n')
    .slice(0, -1)) {
    const index = lines.length;
    const line = readLine(text);
    if ('code' in line) throw broken(line.code, { place, line: index + 1, why: line.why });
    if (line.entry.index !== index) {
      const why = `has index ${line.entry.index}, expected ${index}: lines were dropped or reordered`;
      throw broken('EVIDENCE_LINE_ORDER', { place, line: index + 1, why });
    }
    lines.push(line);
    leaves.push(leafHash(text));
    if (lines.length % slice === 0) yield;
  }
  const tree = treeOf(leaves, before?.tree);
  const checkpoint = headOf({ lines, tree }, stored);
  if (known !== null && !isContinued) throw notContinued(known, { place, bytes, size: lines.length });
  return { lines, tree, bytes, checkpoint };
}

/** Stops: an older copy of the log, or another one by the same writer, put in the place of the one that this process has read. */
function notContinued(
  known: VerifiedLog,
  { place, bytes, size }: { readonly place: string; readonly bytes: Buffer; readonly size: number },
): OneRoofError {
  const isOlder = bytes.equals(known.bytes.subarray(0, bytes.length));
  const why = isOlder
    ? `has ${size} lines, and this process has read ${known.lines.length}`
    : 'has other lines than those that this process read';
  return broken(isOlder ? 'EVIDENCE_LOG_TRUNCATED' : 'EVIDENCE_LOG_FORKED', {
    place,
    why,
    fix: 'restore the log and its checkpoint together, from version control or a copy; if you put another copy there on purpose, restart this command',
  });
}

/** The checkpoint that covers every line. If a crash left it one line behind, the next checkpoint, which was written before the line, replaces it. */
function headOf(log: Hashed, { place, checkpoint, next }: StoredLog): string | null {
  const { length } = log.lines;
  const covered = checkpoint === null ? 0 : checkCheckpoint(log, { place, checkpoint });
  if (covered === length) return checkpoint;
  if (next !== null && covered + 1 === length && checkCheckpoint(log, { place, checkpoint: next }) === length)
    return next;
  throw broken('EVIDENCE_CHECKPOINT_BROKEN', {
    place,
    why: `has ${length} lines, and ${checkpoint === null ? 'no checkpoint' : `its checkpoint covers ${covered}`}`,
  });
}

type Hashed = Pick<VerifiedLog, 'lines' | 'tree'>;

function checkCheckpoint(
  { lines, tree }: Hashed,
  { place, checkpoint }: { readonly place: string; readonly checkpoint: string },
): number {
  const head = readCheckpoint(checkpoint);
  if (head === null || head.size === 0)
    throw broken('EVIDENCE_CHECKPOINT_BROKEN', { place, why: 'has a checkpoint that was edited or damaged' });
  const last = lines[head.size - 1];
  if (last === undefined)
    throw broken('EVIDENCE_LOG_TRUNCATED', {
      place,
      why: `has ${lines.length} lines, and its checkpoint covers ${head.size}`,
    });
  if (!same(rootOf(tree, head.size), head.root))
    throw broken('EVIDENCE_LOG_FORKED', { place, why: 'has other lines than those that its checkpoint covers' });
  if (!isSignedBy(checkpoint, last.signer))
    throw broken('EVIDENCE_CHECKPOINT_BROKEN', {
      place,
      why: 'has a checkpoint without a signature of the writer of its last line',
    });
  if (head.frontier !== undefined && !isLast(last.text, { ...head, frontier: head.frontier }))
    throw broken('EVIDENCE_CHECKPOINT_BROKEN', { place, why: 'has a checkpoint with the frontier of another log' });
  return head.size;
}

/**
 * The end of a log: its last line and its checkpoint, checked by each other at a cost that does not grow with the log; null where they
 * do not fit, or cannot tell, so that all of it has to be checked. Stops: an append to a log that was truncated, forked or rolled back.
 * What was changed before the last line is for `checkLog` to find: the frontier keeps the hashes of what stood there.
 */
export function checkEnd({
  last,
  checkpoint,
}: {
  readonly last: string | null;
  readonly checkpoint: string | null;
}): Log | null {
  if (last === null || checkpoint === null) return last === checkpoint ? { lines: [], checkpoint: null } : null;
  const head = readCheckpoint(checkpoint);
  const line = readLine(last);
  if (head?.frontier === undefined || 'code' in line || line.entry.index !== head.size - 1) return null;
  const isWhole = isLast(last, { ...head, frontier: head.frontier }) && isSignedBy(checkpoint, line.signer);
  return isWhole ? { lines: [line], checkpoint } : null;
}

/** The frontier before the last line is the line's inclusion proof, from above. */
function isLast(text: string, { size, root, frontier }: Required<Head>): boolean {
  return verifyInclusion({ leaf: leafHash(text), index: size - 1, size, root, proof: frontier.toReversed() });
}

/**
 * What an append adds: the line, and the checkpoint that covers it. Of the log only its end is asked, or all of it where its checkpoint
 * has no frontier. `origin` names a new log; an old one keeps its name.
 */
export function nextOf(
  log: Log,
  { entry, key, origin }: { readonly entry: Entry; readonly key: SoftwareKey; readonly origin: string },
): { readonly line: string; readonly checkpoint: string } {
  const line = writeLine(entry, key);
  const head = log.checkpoint === null ? null : readCheckpoint(log.checkpoint);
  const frontier = frontierAfter(log, head);
  const root = frontierRoot([...frontier, leafHash(line)]);
  const next = { origin: head?.origin ?? origin, size: entry.index + 1, root, frontier };
  return { line, checkpoint: writeCheckpoint(next, key) };
}

/** The frontier of the tree over all lines of a log. */
function frontierAfter({ lines }: Log, head: Head | null): readonly TreeHash[] {
  const last = lines.at(-1);
  if (head === null || last === undefined) return [];
  if (head.frontier === undefined) return frontierOf(treeOf(logLeaves(lines)), head.size);
  return extend(head.frontier, { size: head.size - 1, leaf: leafHash(last.text) });
}

/** How many lines a log has, of which all or the end was checked. */
export function logLength({ lines }: Log): number {
  const last = lines.at(-1);
  return last === undefined ? 0 : last.entry.index + 1;
}

function decode(bytes: Uint8Array, place: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw broken('EVIDENCE_LOG_BROKEN', { place, why: 'is not UTF-8' });
  }
}

/** A log that is not as its writer left it. */
export function broken(
  code: ErrorCode,
  {
    place,
    line,
    why,
    fix = 'restore the log and its checkpoint together, from version control or a copy; a log of evidence is never edited',
  }: { readonly place: string; readonly line?: number; readonly why: string; readonly fix?: string },
): OneRoofError {
  return new OneRoofError(code, {
    ...stated`${line === undefined ? '' : `line ${line} of `}${{ file: printable(place) }} ${{ why }}`,
    fix,
    place: { file: place, ...(line === undefined ? {} : { line }) },
  });
}
