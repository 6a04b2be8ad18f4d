import { type Digest, elapsed, type Instant } from '../core/index.ts';
import { type StatementDigest, statementDigest, statementHash } from '../evidence/index.ts';
import { type SignedStatement } from './decision.ts';
import { type Policy, type Registry } from './documents.ts';
import { parsePolicyDocument, policyDigest } from './policy.ts';
import { checkAgainst, follows, parseRegistryDocument, registryDigest } from './registry.ts';
import { explainShortage } from './seats.ts';
import { countSigners, type SeatsState } from './signers.ts';
import { parseStatement } from './read-statement.ts';

/** The documents pinned when the gate was installed; every later one must be signed. */
export interface ChainRoot {
  readonly policy: Digest;
  readonly registry: Digest;
}

/** The next registry or policy, and the statement that puts it in force. */
export interface ChainLink extends SignedStatement {
  readonly kind: 'registry' | 'policy';
  /** Its canonical document. */
  readonly document: string;
  /** When the database put it in force, by its own clock. */
  readonly acceptedAt: Instant;
  /** Earlier revocations of the statement: each withdraws the signature of the person who signed it, and no other. */
  readonly withdrawals: readonly SignedStatement[];
}

/** A chain from the root to what is in force now. */
export interface Chain {
  readonly root: ChainRoot;
  /** The canonical documents that the root names. */
  readonly first: { readonly policy: string; readonly registry: string };
  /** In the order in which they came into force: each is signed under the ones before it. */
  readonly links: readonly ChainLink[];
}

/** Why a chain does not hold. */
export type ChainCode =
  | 'root'
  | 'document'
  | 'statement'
  | 'replayed'
  | 'previous'
  | 'expired'
  | 'quorum'
  | 'unfillable'
  | 'authenticator';

/** What is in force at the end of a chain, or the first link that does not hold. */
export type ChainVerdict =
  | { readonly ok: true; readonly policy: Policy; readonly registry: Registry }
  | {
      readonly ok: false;
      readonly code: ChainCode;
      readonly problem: string;
      /** The index of the link; null: the first documents. */
      readonly link: number | null;
      readonly seats: SeatsState | null;
    };

interface InForce {
  readonly policy: Policy;
  readonly registry: Registry;
  /** How many there have been of each kind. */
  readonly numbers: Readonly<Record<ChainLink['kind'], number>>;
}
type Failure = Omit<Extract<ChainVerdict, { ok: false }>, 'link'>;

/**
 * Follows registry and policy from the pinned root to those in force now.
 *
 * Stops: a registry or policy that was replaced without a quorum of the ones before it; an older one that is put back by handing in the
 * statement that once let it in: each names the document that it follows, by digest and number; one that was kept back until its time was
 * over; one that would lock everyone out.
 *
 * Source  The Update Framework, specification section 5.3 (root rotation); docs/FORMAT.md "Registry".
 */
export function verifyChain({ root, first, links }: Chain): ChainVerdict {
  const policy = readPolicyText(first.policy);
  const registry = readRegistryText(first.registry);
  if (policy === null || registry === null)
    return { ...failure('document', 'the first policy or registry cannot be read'), link: null };
  if (policyDigest(policy) !== root.policy || registryDigest(registry) !== root.registry || registry.version !== 1)
    return { ...failure('root', 'the first policy or registry is not the pinned one'), link: null };
  let inForce: InForce = { policy, registry, numbers: { policy: 1, registry: 1 } };
  const used = new Set<string>();
  for (const [link, change] of links.entries()) {
    const next = verifyLink(change, { inForce, used });
    if ('code' in next) return { ...next, link };
    inForce = next;
  }
  return { ok: true, policy: inForce.policy, registry: inForce.registry };
}

function verifyLink(
  { kind, document, body, signatures, acceptedAt, withdrawals }: ChainLink,
  { inForce, used }: { readonly inForce: InForce; readonly used: Set<string> },
): InForce | Failure {
  const { policy, registry } = inForce;
  const parsed = parseStatement(body);
  if (!parsed.ok) return failure('statement', parsed.problems[0].problem);
  const { statement } = parsed;
  const name = statementDigest(parsed.body);
  if (used.has(name)) return failure('replayed', 'this statement already put a document in force');
  used.add(name);
  const becomes = readNext(kind, { document, inForce });
  if (becomes === null) return failure('document', `the next ${kind} cannot be read`);
  const digest = kind === 'policy' ? policyDigest(becomes.policy) : registryDigest(becomes.registry);
  if (statement.kind !== kind || `sha256:${statement.subject[0].digest.sha256}` !== digest)
    return failure('statement', `the statement is not about this ${kind}`);
  const { number, notBefore, expires } = statement.predicate;
  const isNext =
    number === inForce.numbers[kind] &&
    (statement.kind === 'policy'
      ? statement.predicate.previous === policyDigest(policy)
      : statement.predicate.previous === registryDigest(registry) &&
        statement.predicate.version === becomes.registry.version &&
        follows(becomes.registry, registry));
  if (!isNext) return failure('previous', `the ${kind} does not follow the one in force`);
  const isInTime =
    elapsed({ from: notBefore, to: acceptedAt }) >= 0 &&
    elapsed({ from: acceptedAt, to: expires }) >= 0 &&
    elapsed({ from: notBefore, to: expires }) <= policy.window.longest;
  if (!isInTime) return failure('expired', `the ${kind} came into force outside of the signed time`);
  const challenge = statementHash(parsed.body);
  const seats = countSigners({
    challenge,
    signatures,
    policy,
    registry,
    seats: policy.quorum,
    excluded: withdrawals.flatMap((one) => withdrawnBy(one, { name, inForce })),
  });
  if (seats.shortage !== null) return { ...failure('quorum', explainShortage(seats.shortage)), seats };
  const [mismatch] = checkAgainst(becomes.policy, becomes.registry);
  if (mismatch === undefined) return becomes;
  return failure(mismatch.code === 'SEATS_UNFILLABLE' ? 'unfillable' : 'authenticator', mismatch.problem);
}

/** The persons who withdraw their own signature under a statement with a revocation. */
function withdrawnBy(
  { body, signatures }: SignedStatement,
  { name, inForce }: { readonly name: StatementDigest; readonly inForce: InForce },
): readonly string[] {
  const parsed = parseStatement(body);
  if (!parsed.ok || parsed.statement.kind !== 'revocation') return [];
  if (`sha256:${parsed.statement.subject[0].digest.sha256}` !== String(name)) return [];
  const { policy, registry } = inForce;
  const challenge = statementHash(parsed.body);
  const { counted } = countSigners({ challenge, signatures, policy, registry, seats: [], excluded: [] });
  return counted.map(({ person }) => person);
}

function readNext(
  kind: ChainLink['kind'],
  { document, inForce }: { readonly document: string; readonly inForce: InForce },
): InForce | null {
  if (kind === 'policy') {
    const policy = readPolicyText(document);
    return policy === null ? null : { ...inForce, policy, numbers: after(inForce, kind) };
  }
  const registry = readRegistryText(document);
  return registry === null ? null : { ...inForce, registry, numbers: after(inForce, kind) };
}

function after({ numbers }: InForce, kind: ChainLink['kind']): InForce['numbers'] {
  return { ...numbers, [kind]: numbers[kind] + 1 };
}

function failure(code: ChainCode, problem: string): Failure {
  return { ok: false, code, problem, seats: null };
}

/** Null: it is not a policy, or not canonical. */
function readPolicyText(text: string): Policy | null {
  const parsed = parsePolicyDocument({ file: 'policy', text });
  return parsed.ok ? parsed.value : null;
}

function readRegistryText(text: string): Registry | null {
  const parsed = parseRegistryDocument({ file: 'registry', text });
  return parsed.ok ? parsed.value : null;
}
