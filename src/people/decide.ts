import { elapsed, formatDuration, type Instant, type Milliseconds, printable } from '../core/index.ts';
import { type StatementDigest, statementDigest, statementHash, treeHash, verifyInclusion } from '../evidence/index.ts';
import { type Decision, type DecisionCode, type RatificationVerdict, type SignedStatement } from './decision.ts';
import { policyDigest } from './policy.ts';
import { type Check, type StatementPurpose, purposes } from './purpose.ts';
import { authorsOf, seatsFor, targetLeaf } from './ratification.ts';
import { registryDigest } from './registry.ts';
import { explainShortage } from './seats.ts';
import { countSigners, type SeatsState } from './signers.ts';
import { parseStatement } from './read-statement.ts';
import { type Ratification } from './statement-form.ts';
import { explainDrift } from '../fingerprint/index.ts';
import { sampledProblem } from '../rehearsal/index.ts';

/** What is known after the statement was read. */
interface Read extends Decision {
  readonly purpose: StatementPurpose;
  readonly ratification: Ratification;
  readonly subject: { readonly name: string; readonly digest: { readonly sha256: string } };
  readonly hash: Uint8Array;
}
type Failure = { readonly code: DecisionCode; readonly problem: string } | null;

/**
 * Decides whether a ratification is open in one direction, for the purpose in its own bytes. The first failure is the reason;
 * nothing is thrown for it. The table `purposes` says which checks apply to which purpose.
 *
 * Source  docs/RULES.md; `gate.opening_alone` in the target database decides the same from its own rows.
 */
export function decide(decision: Decision): RatificationVerdict {
  const parsed = parseStatement(decision.body);
  if (!parsed.ok) return blocked({ code: 'statement', problem: parsed.problems[0].problem }, null);
  const { statement, body } = parsed;
  if (statement.kind !== 'ratification')
    return blocked({ code: 'statement', problem: `a ${statement.kind} opens nothing` }, null);
  const { opens } = statement.predicate;
  const purpose = purposes[opens.what][decision.direction];
  if (purpose === null)
    return blocked(
      {
        code: 'purpose',
        problem: `it is for a ${opens.what}, which has no effect ${decision.direction}`,
      },
      null,
    );
  const read: Read = {
    ...decision,
    ...rulesOf(decision, { purpose, ratification: statement.predicate }),
    purpose,
    ratification: statement.predicate,
    subject: statement.subject[0],
    hash: statementHash(body),
  };
  const { policy, registry, ratification } = read;
  const early = firstOf(read, [
    ['abandoned', checkAbandoned],
    ['registry', checkRegistry],
    ['policy', checkPolicy],
    ['seal', checkSeal],
    ['target', checkTarget],
    ['cycle', checkCycle],
  ]);
  if (early !== null) return blocked(early, null);
  const seats = seatsFor(policy, read.sealed.release, opens);
  if (seats === null || seats.length === 0)
    return blocked(
      { code: 'hold-point', problem: 'the policy has no hold point before the tier in the ratification' },
      null,
    );
  const state = countSigners({
    challenge: read.hash,
    signatures: read.signatures,
    policy,
    registry,
    seats,
    // of both: a statement that leaves an author out gives them no seat
    excluded: [...ratification.authors, ...authorsOf(read.sealed.release)],
  });
  if (state.shortage !== null) return blocked({ code: 'seats', problem: explainShortage(state.shortage) }, state);
  const late =
    firstOf(read, [
      ['revoked', checkRevoked],
      ['not-yet-valid', checkBegin],
      ['expired', checkEnd],
      ['too-long', checkLength],
      ['review', (one) => checkReview(one, state)],
      ['rehearsal-age', checkRehearsal],
      ['evidence', checkEvidence],
    ]) ?? (opens.what === 'rollout' ? checkSchema(read) : null);
  if (late !== null) return blocked(late, state);
  return {
    decision: 'OPEN',
    statement: statementDigest(body),
    seats: state,
    opens,
    until: ratification.expires,
    holdPoints: opens.what === 'rollout' ? policy.holdPoints.map(({ before }) => before) : [],
  };
}

/**
 * The signed registry and policy judge the rollback of a cycle that has begun, if this database once accepted them: otherwise replacing
 * either in mid-cycle would leave production half way. Those in force judge everything else.
 */
function rulesOf(
  decision: Decision,
  { purpose, ratification }: { readonly purpose: StatementPurpose; readonly ratification: Ratification },
): Pick<Decision, 'policy' | 'registry'> {
  const { begun, policy, registry } = decision;
  if (purpose.rules === 'in-force' || begun === null) return { policy, registry };
  return {
    policy: begun.policies.find((one) => policyDigest(one) === ratification.policy) ?? policy,
    registry: begun.registries.find((one) => registryDigest(one) === ratification.registry.digest) ?? registry,
  };
}

function firstOf(read: Read, checks: readonly (readonly [code: Check, check: (read: Read) => Failure])[]): Failure {
  for (const [code, check] of checks) {
    const failure = read.purpose.checks.includes(code) ? check(read) : null;
    if (failure !== null) return failure;
  }
  return null;
}

function blocked({ code, problem }: NonNullable<Failure>, seats: SeatsState | null): RatificationVerdict {
  return { decision: 'BLOCKED', reason: { code, problem, seats } };
}

/** Stops: a release that people abandoned, no matter what else people sign for it. */
function checkAbandoned({ abandoned }: Read): Failure {
  if (abandoned === null) return null;
  return { code: 'abandoned', problem: 'people abandoned this release in this database' };
}

/** Stops: a ratification by people who were removed since, or whose levels changed. */
function checkRegistry({ ratification, registry }: Read): Failure {
  if (ratification.registry.digest === registryDigest(registry) && ratification.registry.version === registry.version)
    return null;
  return {
    code: 'registry',
    problem: `the registry in force is version ${registry.version}, but the ratification names another one`,
  };
}

function checkPolicy({ ratification, policy }: Read): Failure {
  if (ratification.policy === policyDigest(policy)) return null;
  return {
    code: 'policy',
    problem: `the policy in force is the present version of "${policy.name}", but the ratification names another one`,
  };
}

/** Stops: a signature that was given for another release. */
function checkSeal({ subject, sealed }: Read): Failure {
  if (`sha256:${subject.digest.sha256}` === sealed.seal && subject.name === sealed.release.name) return null;
  return { code: 'seal', problem: 'the ratification is for another release, or for other bytes of this one' };
}

/** Stops: a ratification for one database that is used on another, on a clone, or after a restore. */
function checkTarget({ ratification, target }: Read): Failure {
  const { descriptor, live, inclusion } = target;
  const root = treeHash(Buffer.from(ratification.targets.root, 'hex'));
  const isIncluded =
    root !== null &&
    verifyInclusion({ leaf: targetLeaf(descriptor), root, size: ratification.targets.size, ...inclusion });
  if (!isIncluded) return { code: 'target', problem: 'this database is not one of the signed databases' };
  const facts = ['uri', 'incarnation', 'systemIdentifier', 'timeline', 'databaseOid', 'database'] as const;
  const other = facts.find((fact) => descriptor[fact] !== live[fact]);
  if (other === undefined) return null;
  return { code: 'target', problem: `the ${other} of this database is not the signed one` };
}

/** Stops: an answer to the hold point of one cycle that is used for another; a rollback while nothing is rolled out. */
function checkCycle({ ratification: { opens }, cycle, sealed }: Read): Failure {
  const named: StatementDigest | null = opens.what === 'rollout' ? null : opens.cycle;
  if (cycle === null || cycle.statement !== named || cycle.seal !== sealed.seal)
    return { code: 'cycle', problem: 'it names no rollout of this release that was ratified here' };
  if (opens.what === 'rollback' && !cycle.isInPlace)
    return { code: 'cycle', problem: 'nothing of the rollout that it names is in place' };
  return null;
}

/** A revocation closes the gate unless it is shown to be about another statement: damage must never open the gate. */
function checkRevoked(read: Read): Failure {
  const closing = read.revocations.filter((revocation) => !speaksOfAnother(revocation, read));
  if (closing.length === 0) return null;
  return { code: 'revoked', problem: closing.map((revocation) => revokedBy(revocation, read)).join('; ') };
}

/** Who revoked it, and the reason that they gave. */
function revokedBy({ body, signatures }: SignedStatement, { policy, registry }: Read): string {
  const parsed = parseStatement(body);
  if (!parsed.ok || parsed.statement.kind !== 'revocation') return 'an unreadable revocation closes it';
  const challenge = statementHash(parsed.body);
  const { counted } = countSigners({ challenge, signatures, policy, registry, seats: [], excluded: [] });
  const who = counted.map(({ person }) => person).join(', ') || 'somebody';
  return `${who} revoked it: ${printable(parsed.statement.predicate.reason)}`;
}

function speaksOfAnother({ body, signatures }: SignedStatement, { hash, policy, registry }: Read): boolean {
  const parsed = parseStatement(body);
  if (!parsed.ok || parsed.statement.kind !== 'revocation') return false;
  if (parsed.statement.subject[0].digest.sha256 === Buffer.from(hash).toString('hex')) return false;
  const challenge = statementHash(parsed.body);
  return countSigners({ challenge, signatures, policy, registry, seats: [], excluded: [] }).counted.length > 0;
}

/** Comparisons are written so that an invalid time fails them. */
function checkBegin({ now, ratification: { notBefore } }: Read): Failure {
  if (elapsed({ from: notBefore, to: now }) >= 0) return null;
  return { code: 'not-yet-valid', problem: `the ratification is valid from ${notBefore}; now it is ${now}` };
}

function checkEnd({ now, ratification: { expires }, purpose, policy }: Read): Failure {
  const isLater = purpose.ends === 'later';
  if (elapsed({ from: expires, to: now }) <= (isLater ? policy.window.rollback : 0)) return null;
  return {
    code: 'expired',
    problem: `the ratification expired at ${expires}; now it is ${now}${isLater ? `; its rollback stayed open for ${formatDuration(policy.window.rollback)}` : ''}`,
  };
}

function checkLength({ ratification, policy }: Read): Failure {
  const length = elapsed({ from: ratification.notBefore, to: ratification.expires });
  if (length > 0 && length <= policy.window.longest) return null;
  return {
    code: 'too-long',
    problem: `the ratification is valid for ${formatDuration(length)}; the limit is ${formatDuration(policy.window.longest)}`,
  };
}

/** Stops: a release that was signed before people could have read it, no matter which time its author wrote into the log. */
function checkReview({ signatures, ratification, policy, firstSeen }: Read, { counted }: SeatsState): Failure {
  const waits = counted
    .flatMap((person) => person.signatures)
    .flatMap((index) =>
      [firstSeen, ratification.sealedAt].map((from) =>
        elapsed({ from: (from ?? '') as Instant, to: (signatures[index]?.receivedAt ?? '') as Instant }),
      ),
    );
  if (waits.length > 0 && waits.every((wait) => wait >= policy.window.review)) return null;
  return {
    code: 'review',
    problem:
      firstSeen === null
        ? 'it is unknown when this database first received the release'
        : `the first signature came less than ${formatDuration(policy.window.review)} after this database first received the release, or after it was sealed`,
  };
}

function checkRehearsal({ now, ratification, policy }: Read): Failure {
  const age: Milliseconds = elapsed({ from: ratification.rehearsedAt, to: now });
  if (age >= 0 && age <= policy.rehearsal.maxAge) return null;
  return {
    code: 'rehearsal-age',
    problem: `the rehearsal of ${ratification.rehearsedAt} is older than ${formatDuration(policy.rehearsal.maxAge)}, or in the future`,
  };
}

/** Stops: a ratification over a rehearsal that failed, was of another release, started from another schema, or ran on a sample that the policy does not allow. */
function checkEvidence({ ratification, evidence, sealed, target, policy }: Read): Failure {
  const closed = (problem: string): Failure => ({ code: 'evidence', problem });
  if (!ratification.evidence.some(({ kind }) => kind === 'rehearsal'))
    return closed('the ratification names no rehearsal');
  for (const { kind, digest } of ratification.evidence) {
    const found = evidence.find((entry) => entry.digest === digest && entry.kind === kind);
    if (found === undefined) return closed(`the ${kind} ${digest} cannot be found`);
    if (found.seal !== sealed.seal) return closed(`the ${kind} ${digest} is for another release`);
    if (found.outcome !== 'passed') return closed(`the ${kind} ${digest} did not pass`);
    if (kind !== 'rehearsal') continue;
    if (found.rehearsal?.at !== ratification.rehearsedAt)
      return closed(`the rehearsal ${digest} has another time than the signed one`);
    if (found.rehearsal.schema !== target.descriptor.schema)
      return closed(`the rehearsal ${digest} saw another schema than the signed one`);
    const { golden } = found.rehearsal;
    const sampled = golden === undefined ? null : sampledProblem({ golden }, policy.rehearsal.sampled ?? 'not allowed');
    if (sampled !== null) return closed(`the rehearsal ${digest}: ${sampled.problem}`);
  }
  return null;
}

/** Stops: a release that was rehearsed on another schema than the one of production. */
function checkSchema({ target: { drift } }: Read): Failure {
  const [first] = drift;
  return first === undefined ? null : { code: 'schema', problem: explainDrift(first) };
}
