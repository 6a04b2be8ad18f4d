import { elapsed, formatDuration, type Digest, type Instant, type Milliseconds } from '../core/index.ts';
import { type Entry, type Evidence, type EvidenceKind, ofKind, type Piece } from '../evidence/index.ts';
import { type Golden } from '../clone/index.ts';
import { type GateBody } from '../gate/index.ts';
import { type PeopleBodies } from '../people/index.ts';
import { type Rehearsal } from '../rehearsal/index.ts';
import { type SealRecord } from '../release/index.ts';
import { type ReviewRecord } from '../reviews/index.ts';
import { type Execution } from '../rollout/index.ts';
import { type Citation } from './report.ts';

/** The evidence that a report is derived from. */
export type ReportEvidence = Evidence<ReportBodies>;
export interface ReportBodies extends PeopleBodies {
  readonly seal: SealRecord;
  readonly golden: Golden;
  readonly gate: GateBody;
  readonly execution: Execution;
  readonly review: ReviewRecord;
}

/** Evidence that may be relied on, or the reason why there is none. */
export type FoundEvidence<Body> =
  | { readonly found: true; readonly body: Body; readonly citations: readonly Citation[] }
  | { readonly found: false; readonly reason: string; readonly citations: readonly Citation[] };

/** Where to find evidence, and the time of the report. */
export interface Search {
  readonly seal: Digest;
  readonly evidence: readonly ReportEvidence[];
  readonly now: Instant;
  readonly hrefOf: (entry: Entry) => string;
}

/** The citation of one entry. */
export function cite(entry: Entry, search: Search): Citation {
  return { kind: entry.kind, digest: entry.digest, href: search.hrefOf(entry) };
}

/** The newest seal of this release. */
export function findSeal(search: Search): FoundEvidence<SealRecord> {
  return newest(search, ofKind(search.evidence, 'seal'), 'seal');
}

/** The newest golden copy recorded for this release. */
export function findGolden(search: Search): FoundEvidence<Golden> {
  return newest(search, ofKind(search.evidence, 'golden'), 'golden');
}

/** The newest rehearsal of this release, not older than the policy allows. */
export function findCountedRehearsal(search: Search, maxAge: Milliseconds): FoundEvidence<Rehearsal> {
  const found = newest(search, ofKind(search.evidence, 'rehearsal'), 'rehearsal');
  return found.found ? fresh(found, { at: found.body.endedAt, now: search.now, maxAge, what: 'rehearsal' }) : found;
}

/** The newest look at production for this release, not older than the policy allows. */
export function findGate(search: Search, maxAge: Milliseconds): FoundEvidence<GateBody> {
  const found = newest(search, ofKind(search.evidence, 'gate'), 'gate');
  return found.found ? fresh(found, { at: found.body.readAt, now: search.now, maxAge, what: 'gate reading' }) : found;
}

// An unreadable newest piece is not skipped: an older, better one must not replace it.
function newest<Body>(
  search: Search,
  all: readonly Piece<EvidenceKind, Body>[],
  kind: EvidenceKind,
): FoundEvidence<Body> {
  const own = all.filter(({ entry }) => entry.seal === search.seal).sort((a, b) => b.entry.index - a.entry.index);
  const [piece] = own;
  if (piece === undefined) {
    const reason = all.length === 0 ? `no ${kind} evidence` : `the ${kind} evidence is for another seal`;
    return { found: false, reason, citations: [] };
  }
  const citations = [cite(piece.entry, search)];
  return piece.readable
    ? { found: true, body: piece.body, citations }
    : { found: false, reason: `the ${kind} evidence cannot be read: ${piece.reason}`, citations };
}

function fresh<Body>(
  found: FoundEvidence<Body>,
  age: { readonly at: Instant; readonly now: Instant; readonly maxAge: Milliseconds; readonly what: string },
): FoundEvidence<Body> {
  const old = elapsed({ from: age.at, to: age.now });
  if (old < 0)
    return { found: false, reason: `the ${age.what} has a later date than this report`, citations: found.citations };
  if (old <= age.maxAge) return found;
  const reason = `the ${age.what} is stale: ${formatDuration(old)} old, at most ${formatDuration(age.maxAge)} allowed`;
  return { found: false, reason, citations: found.citations };
}
