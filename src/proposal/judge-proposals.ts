import {
  type Digest,
  elapsed,
  formatDuration,
  type Instant,
  isNonEmpty,
  type Milliseconds,
  type NonEmpty,
} from '../core/index.ts';
import { sealedAtOf } from '../dossier/index.ts';
import {
  type EvidenceKind,
  isOfKind,
  leavesOf,
  type Log,
  ofKind,
  rootOf,
  type SshKey,
  treeOf,
} from '../evidence/index.ts';
import {
  authorsOf,
  type Policy,
  policyDigest,
  registryDigest,
  type Ratification,
  targetRoot,
  type Voices,
  whyUncounted,
} from '../people/index.ts';
import { footprintDigest } from '../fingerprint/index.ts';
import { type KnownEvidence } from '../evidence-kinds/index.ts';
import { type Rehearsal, sampledProblem } from '../rehearsal/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Proposal, type RecordedProposal, recordedProposals, statementOf } from './proposal.ts';
import { differingFields, rebuild, slack } from './rebuild.ts';
import { type ProposalTarget } from './proposal-target.ts';

/** What proposals are judged by. */
export interface Judging {
  /** With the text of its statements, as they were sealed. */
  readonly sealed: SealedRelease;
  /** Of this seal, in the order of the log. */
  readonly evidence: readonly KnownEvidence[];
  /** The root of the log's tree at a size, hexadecimal; null where the log is not so long. `unknown`: only a part of the log is there. */
  readonly rootAt: ((size: number) => string | null) | 'unknown';
  /** By the target's name; null where it cannot be asked. */
  readonly wordOf: (target: string) => ProposalTarget | null;
  /** Who signed the entry of an index, and the keys that count where no registry names software: this machine's (null: not known). */
  readonly signerOf: (index: number) => SshKey | null;
  readonly own: readonly SshKey[] | null;
  readonly now: Instant;
}

/**
 * A proposal, judged. `holds`: every field that can be derived is what this host derives, and so is every byte of the dossier; `foreign`: it
 * was not made by this host for this release, and no one is asked to sign it.
 */
export type JudgedProposal = RecordedProposal &
  (
    | { readonly state: 'holds'; readonly proposal: Proposal; readonly said: Ratification }
    | { readonly state: 'foreign'; readonly differs: NonEmpty<string> }
  );

/** Two hosts of one site do not have the very same time. */
const clocks = 300_000 as Milliseconds;

/** The index of a proposal that is judged before it is recorded. */
export const unrecorded = Number.MAX_SAFE_INTEGER;

/**
 * Judges every recorded proposal of a release, oldest first. The one place that decides what people may be asked to sign.
 *
 * Stops: a statement of another release, a dossier that leaves SQL out, a rehearsal, policy or time that was made up, by anyone who can
 * write evidence.
 */
export function judgeProposals(judging: Judging): readonly JudgedProposal[] {
  return recordedProposals(judging.evidence).map((proposal) => judgeProposal(judging, proposal));
}

/** Judges one proposal; `recorded` need not be in the evidence yet. */
export function judgeProposal(judging: Judging, recorded: RecordedProposal): JudgedProposal {
  const statement = statementOf(recorded);
  if (statement === null)
    return { ...recorded, state: 'foreign', differs: ['statement: it does not ratify a release'] };
  const said = statement.predicate;
  const [subject] = statement.subject;
  const { release, seal } = judging.sealed;
  // the seal first: what is filed under one release and speaks of another has nothing else to be compared with
  const strange = [
    ...differingFields('subject', `sha256:${subject.digest.sha256}`, seal),
    ...differingFields('subject name', subject.name, release.name),
  ];
  if (isNonEmpty(strange)) return { ...recorded, state: 'foreign', differs: strange };
  // the registry that the statement names says whose word counts: the target takes it for no other one than that in force
  const registry =
    judging.wordOf(recorded.target)?.registries.find((one) => registryDigest(one) === said.registry.digest) ?? null;
  const by = policyOf(judging, { recorded, said })?.rehearsal.by ?? null;
  const voices = { registry, own: judging.own, by };
  const heard = countedBy(voices, judging);
  const counted = heard.evidence.filter(({ entry }) => entry.index < said.log.size);
  const rehearsed = newestRehearsal(counted);
  if (typeof rehearsed === 'string') return { ...recorded, state: 'foreign', differs: [`evidence: ${rehearsed}`] };
  const dossier = rebuild(judging.sealed, {
    recorded,
    said,
    counted,
    policy: policyOf(judging, { recorded, said }),
    registry,
    signerOf: judging.signerOf,
  });
  const differs = [
    ...fieldsOf({ judging, recorded, said, counted, rehearsed }),
    ...ruled({ judging, recorded, said }),
    ...sampledBy(rehearsed.body, { judging, recorded, said }),
    ...heard.said(recorded),
    ...logged({ ...judging, evidence: heard.evidence }, { recorded, said }),
    ...opened(judging, { recorded, said }),
    ...('differs' in dossier ? dossier.differs : []),
  ];
  if (isNonEmpty(differs)) return { ...recorded, state: 'foreign', differs };
  if ('differs' in dossier) return { ...recorded, state: 'foreign', differs: dossier.differs };
  const { statement: _statement, index: _index, recordedAt: _at, ...signed } = recorded;
  return { ...recorded, state: 'holds', said, proposal: { ...signed, dossier: dossier.shown } };
}

/** Reads the root of a whole log at a size. */
export function rootsOf({ lines }: Pick<Log, 'lines'>): (size: number) => string | null {
  const tree = treeOf(leavesOf(lines));
  return (size) => (size > lines.length ? null : Buffer.from(rootOf(tree, size)).toString('hex'));
}

/** The evidence that counts, and why a proposal does not. */
function countedBy(
  voices: Voices,
  { evidence, signerOf }: Pick<Judging, 'evidence' | 'signerOf'>,
): { readonly evidence: readonly KnownEvidence[]; readonly said: (of: RecordedProposal) => readonly string[] } {
  const why = ({ kind, index }: { readonly kind: EvidenceKind; readonly index: number }): string | null =>
    whyUncounted(voices, { kind, signer: signerOf(index) });
  return {
    evidence: evidence.filter(({ entry }) => why(entry) === null),
    said: ({ index }) => {
      // what is about to be recorded by this host has no entry yet
      if (index === unrecorded) return [];
      const said = why({ kind: 'proposal', index });
      return said === null ? [] : [`signer: not counted: ${said}; its registry decides whose proposals count`];
    },
  };
}

interface Rehearsed {
  readonly digest: string;
  readonly body: Rehearsal;
}

function newestRehearsal(counted: readonly KnownEvidence[]): Rehearsed | string {
  const newest = ofKind(counted, 'rehearsal').at(-1);
  if (newest === undefined) return 'no rehearsal was recorded before the proposal';
  if (!newest.readable) return `the rehearsal before the proposal cannot be read: ${newest.reason}`;
  if (newest.body.outcome !== 'passed') return 'the rehearsal before the proposal did not pass';
  return { digest: newest.entry.digest, body: newest.body };
}

interface About {
  readonly judging: Judging;
  readonly recorded: RecordedProposal;
  readonly said: Ratification;
}

/** The policy that a statement names, where its target had it in force. */
function policyOf(judging: Judging, { recorded, said }: Omit<About, 'judging'>): Policy | null {
  const known = judging.wordOf(recorded.target)?.policies ?? [];
  return known.findLast((one) => policyDigest(one) === said.policy) ?? null;
}

/** What follows from the release and its evidence. */
function fieldsOf({
  judging,
  recorded,
  said,
  counted,
  rehearsed,
}: About & { readonly counted: readonly KnownEvidence[]; readonly rehearsed: Rehearsed }): readonly string[] {
  const { body, digest } = rehearsed;
  const facts = judging.wordOf(recorded.target)?.live?.facts;
  // the database moves on to another timeline after a failover, and closes what was signed for the one before by itself
  const live = facts === undefined ? recorded.descriptor : { ...facts, timeline: recorded.descriptor.timeline };
  const descriptor = { ...live, format: 1, schema: schemaOf({ judging, recorded, said }, body) };
  return [
    ...differingFields('authors', said.authors, authorsOf(judging.sealed.release)),
    ...differingFields('evidence', said.evidence, [{ kind: 'rehearsal', digest }]),
    ...differingFields('rehearsedAt', said.rehearsedAt, body.endedAt),
    ...differingFields('sealedAt', said.sealedAt, sealedAtOf(counted, body)),
    ...differingFields('descriptor', recorded.descriptor, descriptor),
    ...acceptsOf({ recorded, said }),
    ...differingFields('targets', said.targets, { root: targetRoot([recorded.descriptor]), size: 1 }),
  ];
}

/** The signed differences are those that are shown. */
function acceptsOf({ recorded: { accepts, descriptor }, said: { opens } }: Omit<About, 'judging'>): readonly string[] {
  if (opens.what !== 'rollback') return differingFields('accepts', accepts ?? null, null);
  return differingFields('accepts', footprintDigest({ format: 1, accepts: accepts ?? [] }), descriptor.schema);
}

/** The schema that a statement must name: for a rollback the differences that the target reports now, until someone has signed. */
function schemaOf({ judging, recorded, said }: About, { footprint = null }: Rehearsal): Digest | null {
  const { opens } = said;
  if (opens.what !== 'rollback') return footprint === null ? null : footprintDigest(footprint);
  const live = judging.wordOf(recorded.target)?.live ?? null;
  const isSigned = live?.cycles.some(({ statement }) => statement === recorded.statement) === true;
  const there = live?.drift.find(({ cycle }) => cycle === opens.cycle)?.differences ?? [];
  return footprintDigest({ format: 1, accepts: live === null || isSigned ? (recorded.accepts ?? []) : there });
}

/** What follows from the rules of its target, and their limits. */
function ruled({ judging, recorded, said }: About): readonly string[] {
  const word = judging.wordOf(recorded.target);
  const begins = elapsed({ from: recorded.recordedAt, to: said.notBefore });
  const late = elapsed({ from: judging.now, to: said.notBefore });
  const bounds = [
    ...(begins > 0 || late > clocks ? ['notBefore: it is later than the proposal'] : []),
    ...(begins < -slack
      ? [`notBefore: it begins more than ${formatDuration(slack)} before the proposal was recorded`]
      : []),
  ];
  if (word === null) return bounds;
  const policy = policyOf(judging, { recorded, said });
  const registry = word.registries.some(
    (one) => one.version === said.registry.version && registryDigest(one) === said.registry.digest,
  );
  return [
    ...bounds,
    ...(registry ? [] : [`registry: version ${said.registry.version} was never in force there`]),
    ...(policy === null ? ['policy: it was never in force there'] : bounded(policy, said)),
  ];
}

/** A rehearsal on a sample counts where the policy that is named allows it; it is never in the way of a rollback. */
function sampledBy(body: Rehearsal, { judging, recorded, said }: About): readonly string[] {
  if (judging.wordOf(recorded.target) === null || said.opens.what === 'rollback') return [];
  const policy = policyOf(judging, { recorded, said });
  const problem = sampledProblem(body, policy?.rehearsal.sampled ?? 'not allowed');
  return problem === null ? [] : [`rehearsal: ${problem.problem}`];
}

function bounded({ window, rehearsal }: Policy, said: Ratification): readonly string[] {
  const { notBefore, expires, rehearsedAt, opens } = said;
  const age = elapsed({ from: rehearsedAt, to: notBefore });
  return [
    ...(elapsed({ from: notBefore, to: expires }) <= window.longest
      ? []
      : [`expires: it would be valid for longer than ${formatDuration(window.longest)}`]),
    ...(opens.what === 'rollback' || (age >= 0 && age <= rehearsal.maxAge)
      ? []
      : [`rehearsedAt: it is older than ${formatDuration(rehearsal.maxAge)}, or in the future`]),
  ];
}

/**
 * The head that it names is one that this log had, and nothing that was measured came in between. A review that did is shown beside the dossier:
 * a reviewer could otherwise make proposals foreign.
 */
function logged({ evidence, rootAt }: Judging, { recorded, said: { log } }: Omit<About, 'judging'>): readonly string[] {
  const between = evidence.filter(
    (piece) =>
      piece.entry.index >= log.size &&
      piece.entry.index < recorded.index &&
      isOfKind(piece, 'seal', 'golden', 'rehearsal'),
  );
  return [
    ...(log.size > recorded.index ? ['log: it names a head that the log did not have at that time'] : []),
    ...(rootAt === 'unknown'
      ? []
      : differingFields('log root', log.root, rootAt(log.size) ?? 'none: the log is shorter')),
    ...between.map(({ entry }) => `log: a ${entry.kind} was recorded after that head, as ${entry.index}`),
  ];
}

/** What it opens is there: a tier with a hold point, a cycle of this release. */
function opened(judging: Judging, { recorded, said }: Omit<About, 'judging'>): readonly string[] {
  const { opens } = said;
  if (opens.what === 'rollout') return [];
  const word = judging.wordOf(recorded.target);
  if (word === null) return [];
  const policy = policyOf(judging, { recorded, said });
  const cycle = word.live?.cycles.find(({ statement }) => statement === opens.cycle);
  const isOurs = cycle?.seal === judging.sealed.seal && cycle.opens.what === 'rollout';
  return [
    ...(opens.what === 'tier' && policy !== null && !policy.holdPoints.some(({ before }) => before === opens.tier)
      ? [`opens: the policy has no hold point before ${opens.tier}`]
      : []),
    ...(word.live === null || isOurs ? [] : [`opens: ${opens.cycle} is not a rollout of this release there`]),
  ];
}
