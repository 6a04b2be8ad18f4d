import { z } from 'zod';
import { canonicalJson, type Digest, digestForm, formProblem, OneRoofError, stated } from '../core/index.ts';
import {
  base64Text,
  brokenBytes,
  consistencyProof,
  type Entry,
  inclusionProof,
  leavesOf,
  type Line,
  type Log,
  ofKind,
  parseCanonical,
  readBody,
  readPiece,
  type SshKey,
  treeOf,
} from '../evidence/index.ts';
import { parseStatement } from '../people/index.ts';
import { type KnownEvidence, readers } from '../evidence-kinds/index.ts';

/** The largest bundle that is read. Bytes. */
const largest = 256 * 1024 * 1024;

const proof = z.array(base64Text);
const json = z.record(z.string(), z.json());
const form = z.strictObject({
  format: z.literal(1),
  release: z.strictObject({ name: z.string(), seal: digestForm }),
  /** The document that was sealed. */
  document: json,
  checkpoint: z.string(),
  /** The keys that signed the lines, sorted. */
  keys: z.array(z.custom<SshKey>((value) => typeof value === 'string')),
  entries: z.array(z.strictObject({ line: z.string(), proof, blob: base64Text })).min(1),
  /** Entries of other releases that contain the registries that decide whose entries count. */
  witnesses: z.array(z.strictObject({ line: z.string(), proof, blob: base64Text })),
  /** The last line of the log: its signer signed the checkpoint. */
  last: z.strictObject({ line: z.string(), proof }),
  /** From each log that persons saw when they ratified, to the checkpoint; by size, ascending. */
  logs: z.array(z.strictObject({ size: z.int().nonnegative(), proof })),
});

/** One file that holds all that was recorded of a release, to be checked without anything else. Source: docs/FORMAT.md "Evidence". */
export type Bundle = z.output<typeof form>;

/** What a bundle is made of. `bytes`: of the entries of this seal, by their digest. */
export interface BundleSource {
  readonly release: Bundle['release'];
  readonly document: object;
  readonly log: Log;
  readonly bytes: ReadonlyMap<Digest, Uint8Array>;
  /** The entries that tell of registries, by their index in the log. */
  readonly witnesses?: readonly number[];
  /** Whether bytes that cannot be read are a fault: they are where their entry counts. Absent: all are. */
  readonly counts?: (entry: Entry) => boolean;
}

/**
 * Writes the bundle of a release as canonical JSON and a line feed.
 *
 * Errors  EVIDENCE_BYTES_BROKEN; BUNDLE_INVALID where nothing of the release was recorded.
 */
export function writeBundle({
  release,
  document,
  log,
  bytes,
  witnesses = [],
  counts = () => true,
}: BundleSource): string {
  const tree = treeOf(leavesOf(log.lines));
  const lines = log.lines.filter(({ entry }) => entry.seal === release.seal);
  if (lines.length === 0) throw invalid('the log has no entry of this release');
  const pieces: KnownEvidence[] = [];
  const withProof = ({ text, entry }: Line) => {
    const blob = bytes.get(entry.digest) ?? null;
    const piece = readPiece(entry, blob);
    const proof = inclusionProof(tree, entry.index).map(base64);
    // else one line by anyone who can write to the log would keep every bundle from being made
    if (!piece.readable && !counts(entry)) return { line: text, proof, blob: '' };
    if (!piece.readable || blob === null)
      throw OneRoofError.of([brokenBytes(entry, piece.readable ? 'its bytes are missing' : piece.reason)]);
    if (entry.seal === release.seal) pieces.push(readBody(piece, readers));
    return { line: text, proof, blob: base64(blob) };
  };
  const entries = lines.map(withProof);
  const others = [...new Set(witnesses)].toSorted((one, other) => one - other);
  const telling = others.flatMap((index) => {
    const line = log.lines[index];
    return line === undefined || line.entry.seal === release.seal ? [] : [line];
  });
  const logs = seenLogs(pieces)
    .filter(({ size }) => size <= log.lines.length)
    .map(({ size }) => ({ size, proof: consistencyProof(tree, size).map(base64) }));
  const bundle = {
    format: 1,
    release,
    document,
    checkpoint: log.checkpoint,
    keys: [...new Set([...lines, ...telling].map(({ signer }) => signer))].toSorted(),
    entries,
    witnesses: telling.map(withProof),
    last: lastOf(log, tree),
    logs,
  };
  return `${canonicalJson(bundle)}\n`;
}

/** The logs that persons saw when they ratified, as they signed them: each once, by size. */
export function seenLogs(
  evidence: readonly KnownEvidence[],
): readonly { readonly size: number; readonly root: string }[] {
  const seen = ofKind(evidence, 'ratification').flatMap((piece) => {
    const parsed = piece.readable ? parseStatement(piece.body.statement.body) : null;
    return parsed?.ok === true && parsed.statement.kind === 'ratification' ? [parsed.statement.predicate.log] : [];
  });
  const distinct = new Map(seen.map((log) => [canonicalJson(log), log]));
  return [...distinct.values()].toSorted((one, other) => one.size - other.size);
}

/**
 * Reads a bundle: its form must be right in every byte.
 *
 * Errors  BUNDLE_INVALID.
 */
export function readBundle(bytes: Uint8Array): Bundle {
  if (bytes.length > largest) throw invalid(`it is larger than ${largest} bytes`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid('it is not UTF-8');
  }
  if (!text.endsWith('\n')) throw invalid('its end is missing');
  const value = parseCanonical(text.slice(0, -1));
  if (value === undefined) throw invalid('it is not canonical JSON');
  const problem = formProblem(value, form);
  if (problem !== null) throw invalid(problem);
  return value as Bundle;
}

function lastOf({ lines }: Log, tree: Parameters<typeof inclusionProof>[0]): Bundle['last'] {
  const last = lines.at(-1);
  if (last === undefined) throw invalid('nothing was recorded');
  return { line: last.text, proof: inclusionProof(tree, last.entry.index).map(base64) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function invalid(why: string): OneRoofError {
  return new OneRoofError('BUNDLE_INVALID', {
    ...stated`the file is not a bundle of evidence: ${{ why }}`,
    fix: 'write it again where it was made: oneroof bundle RELEASE',
  });
}
