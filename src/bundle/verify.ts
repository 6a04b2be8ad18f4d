import { canonicalJson, type Digest, digest, type ErrorCode, type Problem, printable } from '../core/index.ts';
import {
  type Evidence,
  isSignedBy,
  leafHash,
  type Line,
  readCheckpoint,
  readLine,
  readPiece,
  type SshKey,
  treeHash,
  type TreeHash,
  verifyConsistency,
  verifyInclusion,
} from '../evidence/index.ts';
import { type Release, type Seal } from '../release/index.ts';
import { buildReport, type Report } from '../report/index.ts';
import { type Bundle } from './bundle.ts';

/** What is wrong with a ratification of a bundle: its signatures, policy and registry; nothing where it holds. */
export type CheckRatification = (one: Bundle['ratifications'][number], bundle: Bundle) => readonly string[];

/** How a bundle is checked. */
export interface Verification {
  /** The keys of software that are trusted; null: any, and the reader compares their fingerprints. */
  readonly keys: readonly SshKey[] | null;
  /** Null: a bundle with a ratification is refused, because nobody checked it. */
  readonly ratification: CheckRatification | null;
}

/** Checks everything that a bundle says, offline; all that is wrong at once. */
export function verifyBundle(bundle: Bundle, { keys, ratification }: Verification): readonly Problem[] {
  const problems: Problem[] = [];
  const wrong = (code: ErrorCode, problem: string): void => {
    problems.push({
      code,
      problem: printable(problem),
      fix: 'ask for the bundle again, from the log that it was taken of',
    });
  };
  const { release, document, checkpoint } = bundle;
  if (digest('seal', [canonicalJson(document)]) !== release.seal || document['name'] !== release.name)
    wrong('BUNDLE_DIGEST', 'the sealed document is not the one of this seal and name');
  const head = readCheckpoint(checkpoint);
  if (head === null) wrong('BUNDLE_PROOF', 'the checkpoint was edited or damaged');
  const evidence: Evidence[] = [];
  const signers = new Set<SshKey>();
  let last = -1;
  bundle.entries.forEach((one, n) => {
    const line = readLine(one.line);
    if ('code' in line) return wrong('BUNDLE_SIGNATURE', `entry ${n} ${line.why}`);
    const { entry, signer } = line;
    signers.add(signer);
    if (keys !== null && !keys.includes(signer))
      wrong('BUNDLE_SIGNATURE', `entry ${n} is signed by a key that was not named`);
    if (entry.seal !== release.seal) wrong('BUNDLE_DIGEST', `entry ${n} speaks of another release`);
    if (entry.index <= last) wrong('BUNDLE_PROOF', `entry ${n} stands twice or in another order`);
    last = entry.index;
    if (head === null || !included(line, { proof: one.proof, head }))
      wrong('BUNDLE_PROOF', `entry ${n} is not proven to stand in the log`);
    const piece = readPiece(entry, Buffer.from(one.blob, 'base64'));
    if (!piece.readable) wrong('BUNDLE_DIGEST', `entry ${n}: ${piece.reason}`);
    evidence.push(piece);
  });
  if (canonicalJson([...signers].toSorted()) !== canonicalJson(bundle.keys))
    wrong('BUNDLE_SIGNATURE', 'the keys are not the ones that signed the entries');
  const heads = keys ?? [...signers];
  if (!heads.some((key) => isSignedBy(checkpoint, key)))
    wrong('BUNDLE_SIGNATURE', 'the checkpoint is not signed by one of the keys');
  for (const problem of verdictProblems(bundle, evidence)) wrong('BUNDLE_VERDICT', problem);
  if (bundle.ratifications.length === 0 && (bundle.policy !== null || bundle.registry !== null))
    wrong('BUNDLE_RATIFICATION', 'there is a policy or a registry, and no ratification that names it');
  bundle.ratifications.forEach((one, n) => {
    if (head === null || !continued(one, head))
      wrong('BUNDLE_PROOF', `ratification ${n}: the log that was seen is not continued`);
    const found = ratification === null ? ['its signatures were not checked'] : ratification(one, bundle);
    for (const problem of found) wrong('BUNDLE_RATIFICATION', `ratification ${n}: ${problem}`);
  });
  return problems;
}

type Head = { readonly size: number; readonly root: TreeHash };

function included(
  { text, entry }: Line,
  { proof, head }: { readonly proof: readonly string[]; readonly head: Head },
): boolean {
  const hashes = hashesOf(proof);
  return hashes !== null && verifyInclusion({ ...head, leaf: leafHash(text), index: entry.index, proof: hashes });
}

function continued(one: Bundle['ratifications'][number], after: Head): boolean {
  try {
    const { predicate } = JSON.parse(one.body) as { predicate: { log: { size: number; root: string } } };
    const root = treeHash(Buffer.from(predicate.log.root, 'hex'));
    const proof = hashesOf(one.consistency);
    return (
      root !== null && proof !== null && verifyConsistency({ before: { size: predicate.log.size, root }, after, proof })
    );
  } catch {
    return false;
  }
}

function hashesOf(texts: readonly string[]): readonly TreeHash[] | null {
  const hashes = texts.map((text) => treeHash(Buffer.from(text, 'base64')));
  return hashes.every((hash) => hash !== null) ? hashes : null;
}

/** Each recorded report is built again from the evidence that it was built from; only its links are taken as they are. */
function verdictProblems(bundle: Bundle, evidence: readonly Evidence[]): readonly string[] {
  return evidence.flatMap((piece, n) => {
    if (piece.entry.kind !== 'report' || !piece.readable) return [];
    try {
      const report = piece.body as Report;
      const before = evidence.slice(0, Math.min(n, report.evidence.length));
      const again = buildReport({
        release: { release: releaseOf(bundle), seal: bundle.release.seal as Digest as Seal },
        evidence: before,
        policy: report.policy,
        now: report.at,
        hrefOf: () => '',
      });
      return canonicalJson(again) === canonicalJson(withoutLinks(report))
        ? []
        : [`the report of entry ${piece.entry.index} does not follow from the evidence before it`];
    } catch {
      return [`the report of entry ${piece.entry.index} cannot be built again`];
    }
  });
}

/** The release as its seal holds it: each statement by its digest alone, which is all that a report needs. */
function releaseOf({ document }: Bundle): Release {
  return { ...document, folder: '' } as unknown as Release;
}

function withoutLinks(report: Report): Report {
  return JSON.parse(JSON.stringify(report, (key, value: unknown) => (key === 'href' ? '' : value))) as Report;
}
