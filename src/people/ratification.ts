import {
  canonicalJson,
  type Digest,
  elapsed,
  formatDuration,
  type Instant,
  OneRoofError,
  stated,
} from '../core/index.ts';
import { leafHash, type TreeHash, treeRoot, writeStatement } from '../evidence/index.ts';
import { type Release, type SealedRelease } from '../release/index.ts';
import { type Policy, type Registry, type Seat, type TargetDescriptor } from './documents.ts';
import { type Opens } from './opens.ts';
import { policyDigest } from './policy.ts';
import { registryDigest } from './registry.ts';
import { parseStatement } from './read-statement.ts';
import { type Ratification } from './statement-form.ts';

/** What people are asked to ratify, and what was shown to them. */
export interface RatificationRequest {
  readonly sealed: SealedRelease;
  readonly sealedAt: Instant;
  readonly policy: Policy;
  readonly registry: Registry;
  /** At least one; in the order of the tree's leaves. */
  readonly targets: readonly TargetDescriptor[];
  readonly evidence: readonly { readonly kind: string; readonly digest: Digest }[];
  readonly rehearsedAt: Instant;
  readonly window: { readonly notBefore: Instant; readonly expires: Instant };
  readonly log: { readonly size: number; readonly root: string };
  readonly dossier: Digest;
  readonly opens: Opens;
  readonly now: Instant;
  /** 32 random hexadecimal digits for this statement. */
  readonly nonce: string;
}

/**
 * Builds the statement that people sign, as canonical bytes. A statement that could never open the gate is refused now, before anyone is asked.
 *
 * Errors  STATEMENT_INVALID, all problems at once.
 * Source  docs/FORMAT.md "Ratification".
 */
export function buildRatification(proposal: RatificationRequest): string {
  const { sealed, policy, registry, window } = proposal;
  OneRoofError.throwIfAny(
    problemsOf(proposal).map((problem) => ({
      code: 'STATEMENT_INVALID',
      ...stated`${{ why: problem }}`,
      fix: 'correct the values above; no one has signed anything yet',
    })),
  );
  const predicate: Ratification = {
    decision: 'ratify',
    targets: { root: targetRoot(proposal.targets), size: proposal.targets.length },
    evidence: proposal.evidence.map(({ kind, digest }) => ({ kind, digest })).toSorted(byKind),
    rehearsedAt: proposal.rehearsedAt,
    policy: policyDigest(policy),
    registry: { version: registry.version, digest: registryDigest(registry) },
    authors: authorsOf(sealed.release),
    opens: proposal.opens,
    notBefore: window.notBefore,
    expires: window.expires,
    log: { size: proposal.log.size, root: proposal.log.root },
    dossier: proposal.dossier,
    sealedAt: proposal.sealedAt,
    nonce: proposal.nonce,
  };
  const subject = { name: sealed.release.name, digest: sealed.seal };
  const body = writeStatement({ kind: 'ratification', subject, predicate });
  const read = parseStatement(body);
  if (!read.ok) throw OneRoofError.of(read.problems);
  return body;
}

function problemsOf(proposal: RatificationRequest): readonly string[] {
  const { sealed, policy, targets, window, now, sealedAt, rehearsedAt, opens } = proposal;
  const unbarred = sealed.release.tiers.filter(({ barred }) => barred === null).map(({ id }): string => id);
  const unknown = policy.holdPoints.filter(({ before }) => !unbarred.includes(before));
  const since = (from: Instant) => elapsed({ from, to: now });
  return [
    ...(targets.length > 0 ? [] : ['no target is named']),
    ...(window.notBefore < window.expires ? [] : ['the ratification would expire before it begins']),
    ...(window.expires > now ? [] : ['the ratification would have expired already']),
    ...(elapsed({ from: window.notBefore, to: window.expires }) <= policy.window.longest
      ? []
      : [`the ratification would be valid for longer than ${formatDuration(policy.window.longest)}`]),
    ...(since(sealedAt) >= 0 ? [] : ['the release would have been sealed in the future']),
    // a rollback is asked for when the rehearsal is long past
    ...(opens.what === 'rollback' || (since(rehearsedAt) >= 0 && since(rehearsedAt) <= policy.rehearsal.maxAge)
      ? []
      : [`the rehearsal is older than ${formatDuration(policy.rehearsal.maxAge)}, or in the future`]),
    ...(proposal.evidence.some(({ kind }) => kind === 'rehearsal') ? [] : ['the evidence names no rehearsal']),
    ...unknown.map(({ before }) => `the policy has a hold point before ${before}, but no such tier is rolled out`),
    ...(opens.what !== 'tier' || policy.holdPoints.some(({ before }) => before === opens.tier)
      ? []
      : [`the policy has no hold point before ${opens.tier}`]),
  ];
}

function byKind(one: { kind: string; digest: Digest }, other: { kind: string; digest: Digest }): number {
  return `${one.kind} ${one.digest}` < `${other.kind} ${other.digest}` ? -1 : 1;
}

/** Everyone who made the release: authors, and the persons who instructed them; sorted, each once. None of them fills a seat. */
export function authorsOf({ authors }: Pick<Release, 'authors'>): readonly string[] {
  const names = authors.flatMap(({ name, instructedBy }) => (instructedBy === null ? [name] : [name, instructedBy]));
  return [...new Set(names)].toSorted((one, other) => (one < other ? -1 : 1));
}

/** The seats that a ratification has to fill; null where it is for a hold point that the policy does not have. */
export function seatsFor(policy: Policy, release: Pick<Release, 'tiers'>, opens: Opens): readonly Seat[] | null {
  if (opens.what === 'tier') return policy.holdPoints.find(({ before }) => before === opens.tier)?.seats ?? null;
  const oneWay = release.tiers.some((tier) => tier.oneWay !== null && tier.barred === null);
  return oneWay ? [...policy.seats, ...policy.oneWaySeats] : policy.seats;
}

/** The leaf of a database in the tree of targets. Source: RFC 6962 section 2.1. */
export function targetLeaf(descriptor: TargetDescriptor): TreeHash {
  return leafHash(canonicalJson(descriptor));
}

/** The root of the tree over targets, hexadecimal; of one database, its leaf. */
export function targetRoot(descriptors: readonly TargetDescriptor[]): string {
  return Buffer.from(treeRoot(descriptors.map(targetLeaf))).toString('hex');
}
