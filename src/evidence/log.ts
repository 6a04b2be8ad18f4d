import { z } from 'zod';
import {
  type Digest,
  type ErrorCode,
  type Instant,
  instant,
  isDigest,
  OneRoofError,
  printable,
} from '../core/index.ts';
import { isSignedBy, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { parseCanonical, readEnvelope, writeEnvelope } from './envelope.ts';
import { type Entry, evidenceKinds, type Line, type Log } from './evidence.ts';
import { leafHash, same, type TreeHash, treeRoot } from './merkle.ts';
import { type SoftwareKey } from './sshsig.ts';
import { writeStatement } from './statement.ts';

/** A line is about 1,000 bytes; one that is far longer was not written by us. Bytes. */
const longest = 65_536;

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
  if (text.length > longest) return { code: 'EVIDENCE_LOG_BROKEN', why: `is longer than ${longest} bytes` };
  const envelope = readEnvelope(text);
  if (envelope === 'no envelope') return { code: 'EVIDENCE_LOG_BROKEN', why: 'is no entry' };
  if (envelope === 'wrong signature')
    return { code: 'EVIDENCE_LINE_EDITED', why: 'does not have the signature of its writer' };
  const parsed = statement.safeParse(parseCanonical(envelope.body));
  if (!parsed.success) return { code: 'EVIDENCE_LOG_BROKEN', why: 'holds a statement that is no entry' };
  const { subject, predicate } = parsed.data;
  const seal = `sha256:${subject[0].digest.sha256}` as Digest;
  return { text, entry: { ...predicate, seal }, signer: envelope.signer };
}

/** The leaves of the tree over a log: one for each line, without its line feed. */
export function leavesOf(lines: readonly { readonly text: string }[]): readonly TreeHash[] {
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

/**
 * Checks a log: each line, its signature, the order, and the root against the checkpoint. A last line without its line feed was
 * cut off by a crash and is no entry.
 *
 * Units   `end`: bytes up to and with the last complete line.
 * Errors  EVIDENCE_LOG_BROKEN, EVIDENCE_LINE_EDITED, EVIDENCE_LINE_ORDER, EVIDENCE_LOG_TRUNCATED, EVIDENCE_LOG_FORKED,
 *         EVIDENCE_CHECKPOINT_BROKEN.
 */
export function checkLog(stored: StoredLog): Log & { readonly end: number } {
  const { place, bytes } = stored;
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf(0x0a) + 1;
  const lines = decode(bytes.subarray(0, end), place)
    .split('\n')
    .slice(0, -1)
    .map((text, index): Line => {
      const line = readLine(text);
      if ('code' in line) throw broken(line.code, { place, line: index + 1, why: line.why });
      if (line.entry.index === index) return line;
      const why = `has index ${line.entry.index}, expected ${index}: lines were dropped or put in another order`;
      throw broken('EVIDENCE_LINE_ORDER', { place, line: index + 1, why });
    });
  return { lines, end, checkpoint: headOf(lines, stored) };
}

/** The checkpoint that covers every line. One that a crash left behind by one line is completed by the one that was written before it. */
function headOf(lines: readonly Line[], { place, checkpoint, next }: StoredLog): string | null {
  const covered = checkpoint === null ? 0 : checkCheckpoint(lines, { place, checkpoint });
  if (covered === lines.length) return checkpoint;
  if (
    next !== null &&
    covered + 1 === lines.length &&
    checkCheckpoint(lines, { place, checkpoint: next }) === lines.length
  )
    return next;
  throw broken('EVIDENCE_CHECKPOINT_BROKEN', {
    place,
    why: `has ${lines.length} lines, and ${checkpoint === null ? 'no checkpoint' : `its checkpoint covers ${covered}`}`,
  });
}

function checkCheckpoint(
  lines: readonly Line[],
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
  if (!same(treeRoot(leavesOf(lines.slice(0, head.size))), head.root))
    throw broken('EVIDENCE_LOG_FORKED', { place, why: 'holds other lines than the ones that its checkpoint covers' });
  if (!isSignedBy(checkpoint, last.signer))
    throw broken('EVIDENCE_CHECKPOINT_BROKEN', {
      place,
      why: 'has a checkpoint that the writer of its last line did not sign',
    });
  return head.size;
}

/** What an append adds: the line, and the checkpoint that covers it. `origin` names a new log; an old one keeps its name. */
export function nextOf(
  log: Log,
  { entry, key, origin }: { readonly entry: Entry; readonly key: SoftwareKey; readonly origin: string },
): { readonly line: string; readonly checkpoint: string } {
  const line = writeLine(entry, key);
  const root = treeRoot(leavesOf([...log.lines, { text: line }]));
  const known = log.checkpoint === null ? null : readCheckpoint(log.checkpoint);
  return {
    line,
    checkpoint: writeCheckpoint({ origin: known?.origin ?? origin, size: log.lines.length + 1, root }, key),
  };
}

function decode(bytes: Uint8Array, place: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw broken('EVIDENCE_LOG_BROKEN', { place, why: 'is not UTF-8' });
  }
}

function broken(
  code: ErrorCode,
  { place, line, why }: { readonly place: string; readonly line?: number; readonly why: string },
): OneRoofError {
  const what = line === undefined ? printable(place) : `line ${line} of ${printable(place)}`;
  return new OneRoofError(code, {
    problem: `${what} ${why}`,
    fix: 'restore the log and its checkpoint together, from version control or a copy; a log of evidence is never edited',
    place: { file: place, ...(line === undefined ? {} : { line }) },
  });
}
