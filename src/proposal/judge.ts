import { elapsed, formatDuration, type Instant, isNonEmpty, type Milliseconds, type NonEmpty } from '../core/index.ts';
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
  type Cycle,
  type Policy,
  policyDigest,
  type Registry,
  registryDigest,
  type Ratification,
  type TargetDescriptor,
  targetRoot,
  type Voices,
  whyUncounted,
} from '../gate/index.ts';
import { type Evidence } from '../kinds/index.ts';
import { type Rehearsal } from '../rehearsal/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Proposal, type RecordedProposal, recordedProposals, statementOf } from './proposal.ts';
import { differing, rebuild, slack } from './rebuild.ts';

/** What the target of a proposal says of itself. */
export interface TargetWord {
  /** Every policy and registry that was in force, or is. */
  readonly policies: readonly Policy[];
  readonly registries: readonly Registry[];
  /** Null where only its record is there. */
  readonly live: {
    readonly facts: Omit<TargetDescriptor, 'schema' | 'format'>;
    readonly schema: string;
    readonly cycles: readonly Pick<Cycle, 'statement' | 'seal' | 'opens'>[];
  } | null;
}

/** What proposals are judged by. */
export interface Judging {
  /** With the text of its statements, as they were sealed. */
  readonly sealed: SealedRelease;
  /** Of this seal, in the order of the log. */
  readonly evidence: readonly Evidence[];
  /** The root of the log's tree at a size, hexadecimal; null where the log is not so long. `unknown`: only a part of the log is there. */
  readonly rootAt: ((size: number) => string | null) | 'unknown';
  /** By the target's name; null where it cannot be asked. */
  readonly wordOf: (target: string) => TargetWord | null;
  /** Who signed the entry of an index, and the keys that count where no registry names software: this machine's (null: not known). */
  readonly signerOf: (index: number) => SshKey | null;
  readonly own: readonly SshKey[] | null;
  readonly now: Instant;
}

/**
 * A proposal, judged. `holds`: every field that can be derived is what this host derives, and so is every byte of the dossier; `foreign`: it
 * was not made by this host for this release, and nobody is asked to sign it.
 */
export type Judged = RecordedProposal &
  (
    | { readonly state: 'holds'; readonly proposal: Proposal; readonly said: Ratification }
    | { readonly state: 'foreign'; readonly differs: NonEmpty<string> }
  );

/** Two hosts of one site do not have the very same time. */
const clocks = 300_000 as Milliseconds;

/** The index of a proposal that is judged before it is recorded. */
export const unrecorded = Number.MAX_SAFE_INTEGER;

/** What each refused proposal is introduced by. */
export const foreignSaid = 'this proposal was not made by this host for this release';

/**
 * Judges every recorded proposal of a release, oldest first. The one place that decides what people may be asked to sign.
 *
 * Stops: a statement of another release, a dossier that leaves SQL out, a rehearsal, policy or time that was made up, by anyone who can
 * write evidence.
 */
export function judgeProposals(judging: Judging): readonly Judged[] {
  return recordedProposals(judging.evidence).map((proposal) => judgeProposal(judging, proposal));
}

/** Judges one proposal; `recorded` need not be in the evidence yet. */
export function judgeProposal(judging: Judging, recorded: RecordedProposal): Judged {
  const statement = statementOf(recorded);
  if (statement === null)
    return { ...recorded, state: 'foreign', differs: ['statement: it is none that ratifies a release'] };
  const said = statement.predicate;
  const [subject] = statement.subject;
  const { release, seal } = judging.sealed;
  // the seal first: what is filed under one release and speaks of another has nothing else to be compared with
  const strange = [
    ...differing('subject', `sha256:${subject.digest.sha256}`, seal),
    ...differing('subject name', subject.name, release.name),
  ];
  if (isNonEmpty(strange)) return { ...recorded, state: 'foreign', differs: strange };
  // the registry that the statement names says whose word counts: the target takes it for no other one than that in force
  const registry = judging
    .wordOf(recorded.target)
    ?.registries.find((one) => registryDigest(one) === said.registry.digest) ?? { software: [] };
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
    signerOf: judging.signerOf,
  });
  const differs = [
    ...fieldsOf({ judging, recorded, said, counted, rehearsed }),
    ...ruled({ judging, recorded, said }),
    ...heard.said(recorded),
    ...logged({ ...judging, evidence: heard.evidence }, { recorded, said }),
    ...opened(judging, { recorded, said }),
    ...('differs' in dossier ? dossier.differs : []),
  ];
  if (isNonEmpty(differs)) return { ...recorded, state: 'foreign', differs };
  if ('differs' in dossier) return { ...recorded, state: 'foreign', differs: dossier.differs };
  const { target, body, descriptor } = recorded;
  return { ...recorded, state: 'holds', said, proposal: { target, body, descriptor, dossier: dossier.shown } };
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
): { readonly evidence: readonly Evidence[]; readonly said: (of: RecordedProposal) => readonly string[] } {
  const why = ({ kind, index }: { readonly kind: EvidenceKind; readonly index: number }): string | null =>
    whyUncounted(voices, { kind, signer: signerOf(index) });
  return {
    evidence: evidence.filter(({ entry }) => why(entry) === null),
    said: ({ index }) => {
      // what is about to be recorded by this host has no entry yet
      if (index === unrecorded) return [];
      const said = why({ kind: 'proposal', index });
      return said === null
        ? []
        : [`signer: not counted: ${said}; the registry that it names says whose proposals count`];
    },
  };
}

interface Rehearsed {
  readonly digest: string;
  readonly body: Rehearsal;
}

function newestRehearsal(counted: readonly Evidence[]): Rehearsed | string {
  const newest = ofKind(counted, 'rehearsal').at(-1);
  if (newest === undefined) return 'no rehearsal was recorded before it was asked for';
  if (!newest.readable) return `the rehearsal before it cannot be read: ${newest.reason}`;
  if (newest.body.outcome !== 'passed') return 'the rehearsal before it did not pass';
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
}: About & { readonly counted: readonly Evidence[]; readonly rehearsed: Rehearsed }): readonly string[] {
  const { body, digest } = rehearsed;
  const facts = judging.wordOf(recorded.target)?.live?.facts;
  // the database moves on to another timeline after a failover, and closes what was signed for the one before by itself
  const live = facts === undefined ? recorded.descriptor : { ...facts, timeline: recorded.descriptor.timeline };
  const descriptor = { ...live, format: 1, schema: schemaOf({ judging, recorded, said }, body) };
  return [
    ...differing('authors', said.authors, authorsOf(judging.sealed.release)),
    ...differing('evidence', said.evidence, [{ kind: 'rehearsal', digest }]),
    ...differing('rehearsedAt', said.rehearsedAt, body.endedAt),
    ...differing('sealedAt', said.sealedAt, sealedAtOf(counted, body)),
    ...differing('descriptor', recorded.descriptor, descriptor),
    ...differing('targets', said.targets, { root: targetRoot([recorded.descriptor]), size: 1 }),
  ];
}

/**
 * The schema that a statement begins at. A rollback goes on from the one that is there when people are asked: once somebody has signed, it is
 * what they signed, and the target compares it with the one that is there then.
 */
function schemaOf({ judging, recorded, said }: About, { gateSchema }: Rehearsal): string | null {
  if (said.opens.what !== 'rollback') return gateSchema;
  const live = judging.wordOf(recorded.target)?.live ?? null;
  const isSigned = live?.cycles.some(({ statement }) => statement === recorded.statement) === true;
  return live === null || isSigned ? recorded.descriptor.schema : live.schema;
}

/** What follows from the rules of its target, and what they bound. */
function ruled({ judging, recorded, said }: About): readonly string[] {
  const word = judging.wordOf(recorded.target);
  const begins = elapsed({ from: recorded.recordedAt, to: said.notBefore });
  const late = elapsed({ from: judging.now, to: said.notBefore });
  const bounds = [
    ...(begins > 0 || late > clocks ? ['notBefore: it would begin after it was asked for'] : []),
    ...(begins < -slack ? [`notBefore: it begins more than ${formatDuration(slack)} before it was recorded`] : []),
  ];
  if (word === null) return bounds;
  const policy = policyOf(judging, { recorded, said });
  const registry = word.registries.some(
    (one) => one.version === said.registry.version && registryDigest(one) === said.registry.digest,
  );
  return [
    ...bounds,
    ...(registry ? [] : [`registry: version ${said.registry.version} of it was never in force there`]),
    ...(policy === null ? ['policy: it was never in force there'] : bounded(policy, said)),
  ];
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
      : [`rehearsedAt: it is not of the last ${formatDuration(rehearsal.maxAge)}`]),
  ];
}

/** The head that it names is one that this log had, and nothing that the dossier speaks of came in between. */
function logged({ evidence, rootAt }: Judging, { recorded, said: { log } }: Omit<About, 'judging'>): readonly string[] {
  const between = evidence.filter(
    (piece) =>
      piece.entry.index >= log.size &&
      piece.entry.index < recorded.index &&
      isOfKind(piece, 'seal', 'golden', 'rehearsal'),
  );
  return [
    ...(log.size > recorded.index ? ['log: it names a head that the log did not have yet'] : []),
    ...(rootAt === 'unknown' ? [] : differing('log root', log.root, rootAt(log.size) ?? 'none: the log is shorter')),
    ...between.map(({ entry }) => `log: a ${entry.kind} was recorded after the head that it names, as ${entry.index}`),
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
    ...(word.live === null || isOurs ? [] : [`opens: ${opens.cycle} is no rollout of this release there`]),
  ];
}
