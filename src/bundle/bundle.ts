import { z } from 'zod';
import { canonicalJson, type Digest, isDigest, OneRoofError } from '../core/index.ts';
import {
  base64Text,
  consistencyProof,
  inclusionProof,
  leavesOf,
  type Log,
  parseCanonical,
  readPiece,
  type SshKey,
} from '../evidence/index.ts';

/** The largest bundle that is read. Bytes. */
const largest = 256 * 1024 * 1024;

const digestText = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
const proof = z.array(base64Text);
const json = z.record(z.string(), z.json());
const form = z.strictObject({
  format: z.literal(1),
  release: z.strictObject({ name: z.string(), seal: digestText }),
  /** The document that was sealed. */
  document: json,
  checkpoint: z.string(),
  /** The keys that signed the lines, sorted. */
  keys: z.array(z.custom<SshKey>((value) => typeof value === 'string')),
  entries: z.array(z.strictObject({ line: z.string(), proof, blob: base64Text })).min(1),
  ratifications: z.array(
    z.strictObject({
      body: z.string(),
      /** From the log that the persons saw to the checkpoint. */
      consistency: proof,
      signatures: z
        .array(
          z.strictObject({
            credential: z.string(),
            authenticatorData: base64Text,
            clientDataJSON: base64Text,
            signature: base64Text,
          }),
        )
        .min(1),
    }),
  ),
  policy: json.nullable(),
  registry: json.nullable(),
});

/** One file that holds all that was recorded of a release, to be checked without anything else. Source: docs/FORMAT.md "Evidence". */
export type Bundle = z.output<typeof form>;

/** What people signed of a release, for its bundle. */
export interface Ratified {
  readonly statements: readonly Omit<Bundle['ratifications'][number], 'consistency'>[];
  readonly policy: Bundle['policy'];
  readonly registry: Bundle['registry'];
}

/** What a bundle is made of. `bytes`: of the entries of this seal, by their digest. */
export interface BundleSource {
  readonly release: Bundle['release'];
  readonly document: object;
  readonly log: Log;
  readonly bytes: ReadonlyMap<Digest, Uint8Array>;
  readonly ratified?: Ratified;
}

/**
 * Writes the bundle of a release as canonical JSON and a line feed.
 *
 * Errors  EVIDENCE_BYTES_BROKEN; BUNDLE_INVALID where nothing of the release was recorded.
 */
export function writeBundle({ release, document, log, bytes, ratified }: BundleSource): string {
  const leaves = leavesOf(log.lines);
  const lines = log.lines.filter(({ entry }) => entry.seal === release.seal);
  if (lines.length === 0) throw invalid('nothing of this release was recorded');
  const entries = lines.map(({ text, entry }) => {
    const blob = bytes.get(entry.digest) ?? null;
    const piece = readPiece(entry, blob);
    if (!piece.readable || blob === null)
      throw new OneRoofError('EVIDENCE_BYTES_BROKEN', {
        problem: `entry ${entry.index} (${entry.kind}): ${piece.readable ? 'its bytes are missing' : piece.reason}`,
        fix: 'restore the bytes from a copy, or record that evidence again',
      });
    return { line: text, proof: inclusionProof(leaves, entry.index).map(base64), blob: base64(blob) };
  });
  const ratifications = (ratified?.statements ?? []).map((one) => {
    const { predicate } = JSON.parse(one.body) as { predicate: { log: { size: number } } };
    return { ...one, consistency: consistencyProof(leaves, predicate.log.size).map(base64) };
  });
  const bundle = {
    format: 1,
    release,
    document,
    checkpoint: log.checkpoint,
    keys: [...new Set(lines.map(({ signer }) => signer))].toSorted(),
    entries,
    ratifications,
    policy: ratified?.policy ?? null,
    registry: ratified?.registry ?? null,
  };
  return `${canonicalJson(bundle)}\n`;
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
  const parsed = form.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'has another form'}`);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function invalid(why: string): OneRoofError {
  return new OneRoofError('BUNDLE_INVALID', {
    problem: `this is no bundle of evidence: ${why}`,
    fix: 'take it again, from where it was made: oneroof bundle RELEASE',
  });
}
