import { canonicalJson, digest, type Instant } from '../core/index.ts';
import { type Evidence, isOfKind, statementDigest, statementHash } from '../evidence/index.ts';
import { type Rehearsal } from '../rehearsal/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type RulesInForce, type TargetHistory, lineAfter, readRules } from './history-rules.ts';
import { authorsOf } from './ratification.ts';
import { peopleKinds, type PeopleRecord, type ProposalRecord, signatureOf } from './signed-evidence.ts';
import { policyDigest } from './policy.ts';
import { registryDigest } from './registry.ts';
import { explainShortage } from './seats.ts';
import { countSigners } from './signers.ts';
import { parseStatement } from './read-statement.ts';
import { type PersonStatement } from './statement-form.ts';

/** Someone who signed, by the rules of that time. */
export interface Signatory {
  readonly id: string;
  readonly name: string;
  readonly level: number;
  readonly key: 'bound' | 'synced';
  readonly at: Instant;
}

/** One statement of persons, checked. */
export interface RecordedStatement<Kind extends PeopleRecord['statement']['kind'] = PeopleRecord['statement']['kind']> {
  /** Of the log. */
  readonly index: number;
  readonly record: PeopleRecord;
  readonly statement: PersonStatement<Kind>;
  readonly signed: readonly Signatory[];
}

/** Something that is not valid, and its entry. */
export interface Broken {
  readonly index: number;
  readonly what: 'rules' | 'statement';
  readonly problem: string;
}

/** The registry and policy that judge a ratification. */
export type PeopleEvidence = Evidence<PeopleBodies>;
export interface PeopleBodies {
  readonly rehearsal: Rehearsal;
  readonly ratification: PeopleRecord;
  readonly decline: PeopleRecord;
  readonly revocation: PeopleRecord;
  readonly abandonment: PeopleRecord;
  readonly adoption: PeopleRecord;
  readonly proposal: ProposalRecord;
}

/** What people signed for a release, according to its evidence: only valid parts; the rest is named. */
export interface History {
  readonly sealed: SealedRelease;
  readonly evidence: readonly PeopleEvidence[];
  /** Newest last; each statement once, with all its signatures. */
  readonly recorded: readonly RecordedStatement[];
  /** Of each target, oldest first. */
  readonly rules: ReadonlyMap<string, readonly RulesInForce[]>;
  readonly broken: readonly Broken[];
}

/**
 * Reads what people signed of a release, and checks it: rules from the pinned ones, the bytes of each statement, each signature.
 *
 * Stops: a signature that was taken away or altered, a statement that was moved to another release, rules that no one let in, by
 * whoever holds the key that the log is signed with.
 */
export function readHistory(sealed: SealedRelease, evidence: readonly PeopleEvidence[]): History {
  const broken: Broken[] = [];
  const lines = new Map<string, TargetHistory>();
  const recorded = new Map<string, RecordedStatement>();
  const asked = new Set<string>();
  for (const piece of evidence) {
    if (isOfKind(piece, 'proposal') && piece.readable)
      asked.add(`${piece.body.target} ${statementDigest(piece.body.body)}`);
    if (!isOfKind(piece, ...peopleKinds)) continue;
    const { index } = piece.entry;
    const fail = (what: Broken['what'], problem: string): void => void broken.push({ index, what, problem });
    if (!piece.readable) {
      fail('statement', `it cannot be read: ${piece.reason}`);
      continue;
    }
    const record = piece.body;
    const before = lines.get(record.target);
    const isSame = before !== undefined && canonicalJson(before.of) === canonicalJson(record.rules);
    const states = isSame ? before.states : readRules(record.rules);
    if (typeof states === 'string') {
      fail('rules', states);
      continue;
    }
    const key = `${record.target} ${record.statement.digest}`;
    const older = recorded.get(key);
    const isLater = older !== undefined && adoptedBetween(older, [...recorded.values()]);
    const read = readOne({ index, record, states, sealed, asked, recorded: [...recorded.values()] }, piece.entry.kind);
    // what was signed before an adoption was judged then: a restore may have lost signatures of it, and took others in again later
    if (isLater && (typeof read === 'string' || !holdsAll(older.record, record))) continue;
    if (typeof read === 'string') {
      fail('statement', read);
      // an adoption that no quorum signed joins nothing
      if (record.statement.kind === 'adoption') continue;
    }
    const line = lineAfter(before, { record, states });
    if (typeof line === 'string') {
      fail('rules', line);
      if (record.statement.kind === 'adoption') continue;
    } else lines.set(record.target, line);
    if (typeof read === 'string') continue;
    if (older !== undefined && !holdsAll(older.record, record)) fail('statement', 'signatures were taken away');
    else {
      recorded.delete(key);
      // it is a statement for the database as it was then
      recorded.set(key, isLater ? { ...read, record: { ...read.record, facts: older.record.facts } } : read);
    }
  }
  return {
    sealed,
    evidence,
    recorded: [...recorded.values()],
    rules: new Map([...lines].map(([target, { states }]) => [target, states])),
    broken,
  };
}

/** Of one kind only. */
export function isOf<Kind extends PeopleRecord['statement']['kind']>(kind: Kind) {
  return (one: RecordedStatement): one is RecordedStatement<Kind> => one.statement.kind === kind;
}

/** Whether the target was adopted after a statement of it was recorded. */
function adoptedBetween({ index, record }: RecordedStatement, recorded: readonly RecordedStatement[]): boolean {
  return recorded
    .filter(isOf('adoption'))
    .some(
      (one) => one.index > index && one.record.target === record.target && one.record.statement.adopted !== undefined,
    );
}

function holdsAll(before: PeopleRecord, after: PeopleRecord): boolean {
  const there = after.statement.signatures.map((one) => canonicalJson(one));
  return before.statement.signatures.every((one) => there.includes(canonicalJson(one)));
}

/** Reads and checks one statement with its signatures; a text: what is wrong with it. */
function readOne(
  of: {
    readonly index: number;
    readonly record: PeopleRecord;
    readonly states: readonly RulesInForce[];
    readonly sealed: SealedRelease;
    /** What people were asked to sign before: target and statement. */
    readonly asked: ReadonlySet<string>;
    readonly recorded: readonly RecordedStatement[];
  },
  kind: PeopleRecord['statement']['kind'],
): RecordedStatement | string {
  const { index, record, states, sealed } = of;
  const parsed = parseStatement(record.statement.body);
  if (!parsed.ok) return parsed.problems[0].problem;
  const { statement } = parsed;
  if (statement.kind !== kind || record.statement.kind !== kind) return `it is no ${kind}`;
  if (statementDigest(parsed.body) !== record.statement.digest)
    return 'its name is not the digest of the signed statement';
  if (
    (kind === 'ratification') !== (record.facts !== null) ||
    (kind !== 'ratification' && record.statement.descriptor !== null)
  )
    return 'it has facts of a database that its kind does not have';
  const strange = strangeSubject(of, statement);
  if (strange !== null) return strange;
  const inForce = statement.kind === 'ratification' ? named(states, statement) : atTime(states, record);
  if (inForce === undefined) return 'it names a registry or policy that was never in force';
  const { counted, dropped } = countSigners({
    challenge: statementHash(parsed.body),
    signatures: record.statement.signatures.map(signatureOf),
    ...inForce,
    seats: [],
    excluded: statement.kind === 'ratification' ? [...statement.predicate.authors, ...authorsOf(sealed.release)] : [],
  });
  // the database verified each signature before it kept it: one that does not count was altered since
  const [bad] = dropped;
  if (bad !== undefined) return `a signature of ${bad.person ?? 'an unknown person'} does not count: ${bad.problem}`;
  const lacks = statement.kind === 'abandonment' || statement.kind === 'adoption' ? quorumLack(of, parsed.body) : null;
  if (lacks !== null) return lacks;
  const signed = counted.map(({ person, level, bound, signatures }): Signatory => {
    const name = inForce.registry.persons.find(({ id }) => id === person)?.name ?? person;
    const at = record.statement.signatures[signatures[0] ?? 0]?.receivedAt ?? record.statement.receivedAt;
    return { id: person, name, level, key: bound ? 'bound' : 'synced', at };
  });
  return { index, record, statement, signed };
}

/** What an accepted abandonment or adoption lacked of the quorum at that time; null: nothing, or people are still signing it. */
function quorumLack({ record, states, recorded }: Parameters<typeof readOne>[0], body: string): string | null {
  const acceptedAt = record.statement.acceptedAt ?? null;
  if (acceptedAt === null)
    return record.statement.adopted === undefined ? null : 'it says both that it was accepted and that it was not';
  const inForce = states.findLast(({ since }) => since === null || since <= acceptedAt);
  if (inForce === undefined) return 'it was accepted before a registry and policy were in force';
  const withdrawn = recorded
    .filter(isOf('revocation'))
    .filter((one) => `sha256:${one.statement.subject[0].digest.sha256}` === record.statement.digest)
    .flatMap((one) => one.signed.filter(({ at }) => at <= acceptedAt).map(({ id }) => id));
  const { shortage } = countSigners({
    challenge: statementHash(body),
    signatures: record.statement.signatures.map(signatureOf),
    ...inForce,
    seats: inForce.policy.quorum,
    excluded: withdrawn,
  });
  return shortage === null ? null : `it was accepted without a quorum: ${explainShortage(shortage)}`;
}

function strangeSubject(
  { record, sealed, asked, recorded }: Parameters<typeof readOne>[0],
  statement: PersonStatement,
): string | null {
  const [{ name, digest }] = statement.subject;
  const subject = `sha256:${digest.sha256}`;
  const knows = (ratification: string): boolean =>
    recorded.some(
      (one) =>
        ['ratification', 'abandonment', 'adoption'].includes(one.statement.kind) &&
        one.record.target === record.target &&
        one.record.statement.digest === ratification,
    );
  if (statement.kind === 'revocation')
    return knows(subject) ? null : 'it revokes a statement that was not ratified before';
  if (statement.kind === 'adoption') return strangeAdoption(record, { subject, facts: statement.predicate.facts });
  if (subject !== sealed.seal || name !== sealed.release.name) return 'it is about another release';
  // the first person asked may decline: then no one has ratified before
  if (
    statement.kind === 'decline' &&
    !knows(statement.predicate.statement) &&
    !asked.has(`${record.target} ${statement.predicate.statement}`)
  )
    return 'it declines a statement that was neither ratified nor proposed before';
  return null;
}

/** An adoption is about the database and not about this release, so only its own parts must agree. */
function strangeAdoption(
  { statement: { adopted }, compared }: PeopleRecord,
  { subject, facts }: { readonly subject: string; readonly facts: NonNullable<PeopleRecord['facts']> },
): string | null {
  if (adopted === undefined) return 'it was not accepted';
  if (adopted.before !== facts.incarnation) return 'it was signed for another database than the adopted one';
  if (compared === undefined) return null;
  return digest('account', [compared.account]) === subject ? null : 'the compared account is not the signed one';
}

function named(
  states: readonly RulesInForce[],
  { predicate }: PersonStatement<'ratification'>,
): RulesInForce | undefined {
  return states.findLast(
    ({ policy, registry }) =>
      policyDigest(policy) === predicate.policy &&
      registryDigest(registry) === predicate.registry.digest &&
      registry.version === predicate.registry.version,
  );
}

function atTime(
  states: readonly RulesInForce[],
  { statement: { receivedAt } }: PeopleRecord,
): RulesInForce | undefined {
  return states.findLast(({ since }) => since === null || since <= receivedAt);
}
