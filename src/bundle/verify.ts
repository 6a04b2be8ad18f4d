import { canonicalJson, type Digest, type ErrorCode, type Problem, printable } from '../core/index.ts';
import {
  isOfKind,
  isSignedBy,
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
import { type History } from '../gate/index.ts';
import { type Evidence, readers } from '../kinds/index.ts';
import { foreignSaid, type Judged, judgeProposals } from '../proposal/index.ts';
import { releaseOfSeal, type SealedRelease } from '../release/index.ts';
import { buildReport, type Report } from '../report/index.ts';
import { type Bundle, seenLogs } from './bundle.ts';
import { readPeople, type Told } from './people.ts';

/** How a bundle is checked. What is null is not compared, and the reader does it. */
export interface Verification {
  /** The keys of software that are trusted. */
  readonly keys: readonly SshKey[] | null;
  /** The digests of the first policy and registry: what the gate was installed with. */
  readonly policy: Digest | null;
  readonly registry: Digest | null;
  /** The release with the text of its SQL, read from the recorded files; absent where these are not there: then no dossier can be written again. */
  readonly release?: SealedRelease;
}

/** All that is wrong with a bundle, at once, and what it tells. */
export interface Verified {
  readonly problems: readonly Problem[];
  readonly told: Told;
  /** The proposals that were not made for this release by the host that asked people. */
  readonly foreign: readonly Foreign[];
  /** How many could not be judged: the SQL of the release is not there. */
  readonly unjudged: number;
}

/** A proposal that was refused, and what differs. */
export type Foreign = Extract<Judged, { readonly state: 'foreign' }>;

/** Checks everything that a bundle says, offline: nothing but its own bytes and what the reader trusts is asked. */
export function verifyBundle(bundle: Bundle, trust: Verification): Verified {
  const { keys } = trust;
  const problems: Problem[] = [];
  const wrong = (code: ErrorCode, problem: string): void => {
    problems.push({
      code,
      problem: printable(problem),
      fix: 'ask for the bundle again, from the log that it was taken of',
    });
  };
  const { release, document, checkpoint } = bundle;
  const sealed = releaseOfSeal(document);
  if (sealed === null) wrong('BUNDLE_INVALID', 'the sealed document is no release');
  else if (sealed.seal !== release.seal || sealed.release.name !== release.name)
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
    const read = readBody(piece, readers);
    evidence.push(read);
  });
  if (canonicalJson([...signers].toSorted()) !== canonicalJson(bundle.keys))
    wrong('BUNDLE_SIGNATURE', 'the keys are not the ones that signed the entries');
  const heads = keys ?? [...signers];
  if (!heads.some((key) => isSignedBy(checkpoint, key)))
    wrong('BUNDLE_SIGNATURE', 'the checkpoint is not signed by one of the keys');
  for (const problem of logProblems(bundle, { evidence, head })) wrong('BUNDLE_PROOF', problem);
  if (sealed === null)
    return { problems, told: { roots: [], said: [], done: [], unread: [] }, foreign: [], unjudged: 0 };
  for (const problem of verdictProblems(sealed, evidence)) wrong('BUNDLE_VERDICT', problem);
  const { told, faults, history } = readPeople(sealed, evidence);
  for (const { code, problem } of faults) wrong(code, problem);
  const judged = trust.release?.seal === release.seal ? judgedIn({ sealed: trust.release, evidence, history }) : [];
  const foreign = judged.filter((one) => one.state === 'foreign');
  // planting one is what anybody can who may write evidence; that people signed it is what must not be passed over
  for (const { statement, index, differs } of foreign)
    if (
      told.said.some((one) => one.kind === 'ratification' && one.statement === statement) &&
      !judged.some((one) => one.state === 'holds' && one.statement === statement)
    )
      wrong('BUNDLE_RATIFICATION', `entry ${index} of the log was ratified, and ${foreignSaid}: ${differs.join('; ')}`);
  for (const root of told.roots)
    for (const kind of ['policy', 'registry'] as const)
      if (trust[kind] !== null && trust[kind] !== root[kind])
        wrong(
          'BUNDLE_RULES',
          `the gate of ${root.target} was installed with another ${kind} than the one that was named`,
        );
  const unjudged = trust.release === undefined ? ofKind(evidence, 'proposal').length : 0;
  return { problems, told, foreign, unjudged };
}

/** Judged as on the page, by what is in the bundle: of the log and of the live database only a part is there. */
function judgedIn(of: {
  readonly sealed: SealedRelease;
  readonly evidence: readonly Evidence[];
  readonly history: History;
}): readonly Judged[] {
  const { sealed, evidence, history } = of;
  const last = evidence.at(-1)?.entry.recordedAt;
  if (last === undefined) return [];
  return judgeProposals({
    sealed,
    evidence,
    rootAt: 'unknown',
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

/** Stops: a log that was begun anew after people had co-signed it, so that what they saw is no longer in it. */
function logProblems(
  bundle: Bundle,
  { evidence, head }: { readonly evidence: readonly Evidence[]; readonly head: Head | null },
): readonly string[] {
  const seen = seenLogs(evidence);
  const unasked = bundle.logs.filter(
    ({ size }, n) => seen.every((log) => log.size !== size) || bundle.logs.findIndex((log) => log.size === size) !== n,
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
    ...unasked.map(({ size }) => `nobody signed a log of ${size} lines, or its proof stands twice`),
    ...broken.map(({ size }) => `the log of ${size} lines that was seen by who ratified is not continued`),
  ];
}

function hashesOf(texts: readonly string[]): readonly TreeHash[] | null {
  const hashes = texts.map((text) => treeHash(Buffer.from(text, 'base64')));
  return hashes.every((hash) => hash !== null) ? hashes : null;
}

/** Each recorded report is built again from the evidence that it was built from; only its links are taken as they are. */
function verdictProblems(sealed: SealedRelease, evidence: readonly Evidence[]): readonly string[] {
  return evidence.flatMap((piece, n) => {
    if (!isOfKind(piece, 'report')) return [];
    if (!piece.readable) return [`the report of entry ${piece.entry.index} cannot be built again: ${piece.reason}`];
    const { body: report } = piece;
    const before = evidence.slice(0, Math.min(n, report.evidence.length));
    const { policy, at: now } = report;
    const again = buildReport({ release: sealed, evidence: before, policy, now, hrefOf: () => '' });
    return canonicalJson(again) === canonicalJson(withoutLinks(report))
      ? []
      : [`the report of entry ${piece.entry.index} does not follow from the evidence before it`];
  });
}

function withoutLinks(report: Report): Report {
  return JSON.parse(JSON.stringify(report, (key, value: unknown) => (key === 'href' ? '' : value))) as Report;
}
