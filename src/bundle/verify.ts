import { canonicalJson, type Digest, type ErrorCode, type Problem } from '../core/index.ts';
import {
  isOfKind,
  isSignedBy,
  keyFingerprint,
  leafHash,
  ofKind,
  type Line,
  readCheckpoint,
  readLine,
  readBody,
  readPiece,
  type SshKey,
  treeHash,
  type TreeHash,
  verifyConsistency,
  verifyInclusion,
} from '../evidence/index.ts';
import { type History, type Pin, type Registry } from '../people/index.ts';
import { type KnownEvidence, readers, tells } from '../evidence-kinds/index.ts';
import { foreignSaid, type JudgedProposal, judgeProposals } from '../proposal/index.ts';
import { type Review, reviewsOf } from '../reviews/index.ts';
import { releaseOfSeal, type SealedRelease } from '../release/index.ts';
import { type Bundle, seenLogs } from './bundle.ts';
import { countedIn } from './counted.ts';
import { type Finding, firstOf, problemsOf } from './bundle-findings.ts';
import { readPeople, type BundleHistory } from './people.ts';
import { verdictProblems } from './verdicts.ts';

/** How a bundle is checked. What is null is not compared, and the reader does it. */
export interface Verification {
  /** The keys of software that are trusted. */
  readonly keys: readonly SshKey[] | null;
  /** The digests of the first policy and registry: what the gate was installed with. */
  readonly policy: Digest | null;
  readonly registry: Digest | null;
  /** The first registry itself, if it is available: it says whose entries count, also where no one has signed anything yet. */
  readonly root?: Registry;
  /** The release with the text of its SQL, read from the recorded files; absent where these are not there: then no dossier can be written again. */
  readonly release?: SealedRelease;
}

/** All problems of a bundle, at once, and its content. */
export interface Verified {
  readonly problems: readonly Problem[];
  readonly told: BundleHistory & HeardEntries;
  /** The proposals that were not made for this release by the host that asked people. */
  readonly foreign: readonly Foreign[];
  /** How many could not be judged: the SQL of the release is not there. */
  readonly unjudged: number;
}

/** Whose entries count, the reviews among them, and the entries that do not: no verdict uses them. */
export interface HeardEntries {
  readonly reviews: readonly Review[];
  readonly whose: readonly string[];
  readonly uncounted: readonly {
    readonly index: number;
    readonly kind: string;
    readonly by: string | null;
    readonly why: string;
  }[];
}

/** A refused proposal, and what differs. */
export type Foreign = Extract<JudgedProposal, { readonly state: 'foreign' }>;

/** Checks everything that a bundle says, offline: only from its own bytes and what the reader trusts. */
export function verifyBundle(bundle: Bundle, trust: Verification): Verified {
  const { keys } = trust;
  const findings: Finding[] = [];
  const wrong = (code: ErrorCode, cause: string, at: string | null = null): void => {
    findings.push({ code, cause, at });
  };
  const { release, document, checkpoint } = bundle;
  const sealed = releaseOfSeal(document);
  if (sealed === null) wrong('BUNDLE_INVALID', 'the sealed document is not a valid release');
  else if (sealed.seal !== release.seal || sealed.release.name !== release.name)
    wrong('BUNDLE_DIGEST', 'the sealed document does not match the seal and the name');
  const head = readCheckpoint(checkpoint);
  if (head === null) wrong('BUNDLE_PROOF', 'the checkpoint was edited or damaged');
  const evidence: KnownEvidence[] = [];
  const witnesses: KnownEvidence[] = [];
  const signers = new Set<SshKey>();
  const signerOf = new Map<number, SshKey>();
  /** Names entries without bytes in a problem; this is no problem if they do not count. */
  const absent = new Map<number, string>();
  let last = -1;
  const check = (one: Bundle['entries'][number], n: string): KnownEvidence | null => {
    const line = readLine(one.line);
    if ('code' in line) {
      wrong('BUNDLE_SIGNATURE', line.why, `entry ${n}`);
      return null;
    }
    const { entry, signer } = line;
    signers.add(signer);
    signerOf.set(entry.index, signer);
    if (entry.index <= last) wrong('BUNDLE_PROOF', 'is duplicated or out of order', `entry ${n}`);
    last = entry.index;
    if (head === null || !included(line, { proof: one.proof, head }))
      wrong('BUNDLE_PROOF', 'is not proven to be in the log', `entry ${n}`);
    const piece = readPiece(entry, Buffer.from(one.blob, 'base64'));
    if (!piece.readable && one.blob === '') absent.set(entry.index, n);
    else if (!piece.readable) wrong('BUNDLE_DIGEST', `cannot be read: ${piece.reason}`, `entry ${n}`);
    return readBody(piece, readers);
  };
  bundle.entries.forEach((one, n) => {
    const piece = check(one, String(n));
    if (piece === null) return;
    if (piece.entry.seal !== release.seal) wrong('BUNDLE_DIGEST', 'is about another release', `entry ${n}`);
    evidence.push(piece);
  });
  last = -1;
  bundle.witnesses.forEach((one, n) => {
    const piece = check(one, `${n} of other releases`);
    if (piece === null) return;
    if (piece.entry.seal === release.seal || !tells(piece.entry))
      wrong('BUNDLE_DIGEST', 'does not contain a registry', `entry ${n} of other releases`);
    witnesses.push(piece);
  });
  if (canonicalJson([...signers].toSorted()) !== canonicalJson(bundle.keys))
    wrong('BUNDLE_SIGNATURE', 'the listed keys are not the keys that signed the entries');
  const ended = headProblem(bundle, head);
  if (ended !== null) wrong('BUNDLE_SIGNATURE', ended);
  const counted = countedIn(evidence, {
    witnesses,
    signerOf: (index) => signerOf.get(index) ?? null,
    keys,
    pin: pinOf(trust),
  });
  if (counted.evidence.length === 0 && keys !== null)
    findings.push({
      code: 'BUNDLE_SIGNATURE',
      cause: `no entry that counts is signed by one of the given keys: the ${bundle.entries.length} entries are signed by ${firstOf(bundle.keys.map(keyFingerprint))}`,
      at: null,
      fix: 'compare these fingerprints with those of your keys: ssh-keygen -lf KEYS.pub',
    });
  else if (counted.evidence.length === 0 && pinOf(trust).pinned !== 'compared')
    findings.push({
      code: 'BUNDLE_SIGNATURE',
      cause: `no entry counts by the given registry: the ${bundle.entries.length} entries are signed by ${firstOf(bundle.keys.map(keyFingerprint))}, and no registry that follows from it names one of these keys`,
      at: null,
      fix: 'name the registry that the gate of the target was installed with',
    });
  for (const { entry } of [...counted.evidence, ...witnesses]) {
    const n = absent.get(entry.index);
    if (n !== undefined) wrong('BUNDLE_DIGEST', 'has no bytes', `entry ${n}`);
  }
  const seen = { all: evidence, counted: counted.evidence };
  for (const problem of logProblems(bundle, { ...seen, head })) wrong('BUNDLE_PROOF', problem);
  const left = counted.uncounted.map(({ entry: { index, kind }, signer, why }) => ({
    index,
    kind,
    by: signer === null ? null : keyFingerprint(signer),
    why,
  }));
  const reviews = reviewsOf(counted.evidence, {
    signerOf: (index) => signerOf.get(index) ?? null,
    nameOf: counted.signedBy,
  });
  const heard = { uncounted: left, whose: counted.whose, reviews };
  if (sealed === null)
    return {
      problems: problemsOf(findings),
      told: { roots: [], said: [], done: [], unread: [], ...heard },
      foreign: [],
      unjudged: 0,
    };
  const isPinned = pinOf(trust).pinned !== 'compared';
  const { told: people, faults, history } = readPeople(sealed, counted.evidence);
  const told = { ...people, ...heard };
  // first, because by other rules other entries count, and the verdicts differ
  for (const root of told.roots)
    for (const kind of ['policy', 'registry'] as const)
      if (trust[kind] !== null && trust[kind] !== root[kind])
        wrong('BUNDLE_RULES', `the gate of ${root.target} was not installed with the given ${kind}`);
  findings.push(...verdictProblems(sealed, { evidence, counted, signerOf, isPinned }), ...faults);
  const judged =
    trust.release?.seal === release.seal ? judgedIn({ sealed: trust.release, evidence, history, signerOf, keys }) : [];
  const foreign = judged.filter((one) => one.state === 'foreign');
  // anyone who may write evidence can plant one; but one that people signed must not be ignored
  for (const { statement, index, differs } of foreign)
    if (
      told.said.some((one) => one.kind === 'ratification' && one.statement === statement) &&
      !judged.some((one) => one.state === 'holds' && one.statement === statement)
    )
      wrong('BUNDLE_RATIFICATION', `entry ${index} of the log was ratified, and ${foreignSaid}: ${differs.join('; ')}`);
  const unjudged = trust.release === undefined ? ofKind(evidence, 'proposal').length : 0;
  return { problems: problemsOf(findings), told, foreign, unjudged };
}

function pinOf({ registry, root }: Verification): Pin {
  if (root?.version === 1) return { pinned: 'registry', registry: root, policy: null };
  return registry === null ? { pinned: 'compared' } : { pinned: 'root', registry };
}

/** Judged as on the page, but only from the bundle: it has a part of the log and nothing of the live database. */
function judgedIn(of: {
  readonly sealed: SealedRelease;
  readonly evidence: readonly KnownEvidence[];
  readonly history: History;
  readonly signerOf: ReadonlyMap<number, SshKey>;
  readonly keys: readonly SshKey[] | null;
}): readonly JudgedProposal[] {
  const { sealed, evidence, history, signerOf, keys } = of;
  const last = evidence.at(-1)?.entry.recordedAt;
  if (last === undefined) return [];
  return judgeProposals({
    sealed,
    evidence,
    rootAt: 'unknown',
    signerOf: (index) => signerOf.get(index) ?? null,
    own: keys,
    now: last,
    wordOf: (target) => {
      const states = history.rules.get(target);
      if (states === undefined) return null;
      return {
        policies: states.map(({ policy }) => policy),
        registries: states.map(({ registry }) => registry),
        live: null,
      };
    },
  });
}

/** The files of the release as they were recorded with its seal, newest last: unchecked. */
export function sourcesIn(bundle: Bundle): readonly Readonly<Record<string, string>>[] {
  return bundle.entries.flatMap(({ line, blob }) => {
    const read = readLine(line);
    if ('code' in read) return [];
    const piece = readBody(readPiece(read.entry, Buffer.from(blob, 'base64')), readers);
    return isOfKind(piece, 'seal') && piece.readable && piece.body.files !== undefined ? [piece.body.files] : [];
  });
}

type Head = { readonly size: number; readonly root: TreeHash };

function included(
  { text, entry }: Line,
  { proof, head }: { readonly proof: readonly string[]; readonly head: Head },
): boolean {
  const hashes = hashesOf(proof);
  return hashes !== null && verifyInclusion({ ...head, leaf: leafHash(text), index: entry.index, proof: hashes });
}

/** Stops: a log that was begun again after people had co-signed it, so that what they saw is no longer in it. */
function logProblems(
  bundle: Bundle,
  of: {
    readonly all: readonly KnownEvidence[];
    readonly counted: readonly KnownEvidence[];
    readonly head: Head | null;
  },
): readonly string[] {
  const { head } = of;
  const seen = seenLogs(of.counted);
  const named = seenLogs(of.all);
  const unasked = bundle.logs.filter(
    ({ size }, n) => named.every((log) => log.size !== size) || bundle.logs.findIndex((log) => log.size === size) !== n,
  );
  const broken = seen.filter((log) => {
    const root = treeHash(Buffer.from(log.root, 'hex'));
    const proof = hashesOf(bundle.logs.find(({ size }) => size === log.size)?.proof ?? ['']);
    const isContinued =
      head !== null &&
      root !== null &&
      proof !== null &&
      verifyConsistency({ before: { size: log.size, root }, after: head, proof });
    return !isContinued;
  });
  return [
    ...unasked.map(({ size }) => `no one signed a log of ${size} lines, or its proof is duplicated`),
    ...broken.map(({ size }) => `the log does not continue the ${size} lines that people saw when they ratified`),
  ];
}

function hashesOf(texts: readonly string[]): readonly TreeHash[] | null {
  const hashes = texts.map((text) => treeHash(Buffer.from(text, 'base64')));
  return hashes.every((hash) => hash !== null) ? hashes : null;
}

/** Whoever wrote the last line signed the checkpoint. A log goes on by whichever key comes next: whose word counts is decided entry by entry. */
function headProblem({ checkpoint, last }: Bundle, head: Head | null): string | null {
  const line = readLine(last.line);
  if ('code' in line) return `the last line of the log ${line.why}`;
  const isLast = head !== null && line.entry.index === head.size - 1 && included(line, { proof: last.proof, head });
  if (!isLast) return 'the checkpoint does not cover the last line';
  return isSignedBy(checkpoint, line.signer) ? null : 'the key of the last line did not sign the checkpoint';
}
