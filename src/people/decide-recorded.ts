import { type Digest, elapsed, type Instant } from '../core/index.ts';
import { isOfKind, type StatementDigest } from '../evidence/index.ts';
import { type Direction } from '../release/index.ts';
import { decide } from './decide.ts';
import { type NamedCycle, type RatificationVerdict, type ResolvedEvidence } from './decision.ts';
import { type History, isOf, type PeopleEvidence, type RecordedStatement } from './history.ts';
import { descriptorOf, signatureOf } from './signed-evidence.ts';
import { may } from './purpose.ts';
import { type SeatsState } from './signers.ts';
import { footprintDigest } from '../fingerprint/index.ts';

/** A signature may be received by a clock that is ahead of the executor's. Milliseconds. */
const clocks = 60_000;

/** The question to a history: did a ratification cover one tier at a time, or the release if no tier is named? */
export interface CoverageQuestion {
  readonly statement: StatementDigest;
  readonly target: string;
  readonly direction: Direction;
  readonly tier: string | null;
  readonly now: Instant;
}

/** Decides from the evidence what the gate of the target decided from its rows. It does not check the live schema, which only the database knows. */
export function decideRecorded(history: History, asked: CoverageQuestion): RatificationVerdict {
  const { target, statement, tier, direction } = asked;
  const found = ratificationsOf(history, target).find(({ record }) => record.statement.digest === statement);
  if (found === undefined) return blocked('statement', 'this target has no such ratification');
  if (!may(found.statement.predicate.opens, direction, 'begin'))
    return blocked('purpose', 'this ratification opens no rollout of its own');
  const own = decideOne(history, { found, asked });
  const verdict = own.decision === 'OPEN' ? own : (carriedOn(history, asked) ?? own);
  if (verdict.decision === 'BLOCKED' || direction === 'down' || tier === null || !verdict.holdPoints.includes(tier))
    return verdict;
  const further = ratificationsOf(history, target).filter(
    ({ statement: { predicate } }) =>
      may(predicate.opens, direction, 'hold-point') &&
      predicate.opens.what === 'tier' &&
      predicate.opens.tier === tier &&
      predicate.opens.cycle === statement,
  );
  return further.some((one) => decideOne(history, { found: one, asked }).decision === 'OPEN')
    ? verdict
    : blocked('hold-point', `a further ratification is needed before ${tier}`);
}

/** A ratification that carries on the rollback of a cycle, and was open; null: there was none. */
function carriedOn(history: History, asked: CoverageQuestion): RatificationVerdict | null {
  const { target, statement, direction } = asked;
  for (const found of ratificationsOf(history, target)) {
    const { opens } = found.statement.predicate;
    if (!may(opens, direction, 'carry-on') || opens.what !== 'rollback' || opens.cycle !== statement) continue;
    const verdict = decideOne(history, { found, asked });
    if (verdict.decision === 'OPEN') return verdict;
  }
  return null;
}

/** The seats of a ratification, and whether they were filled when its last signature was received; null where nothing could be counted. */
export function seatsOf(history: History, found: RecordedStatement<'ratification'>): SeatsState | null {
  const { record, signed } = found;
  const now = signed.reduce((last, { at }) => (at > last ? at : last), record.statement.receivedAt);
  const asked = {
    statement: record.statement.digest,
    target: record.target,
    direction: found.statement.predicate.opens.what === 'rollback' ? 'down' : 'up',
    tier: null,
    now,
  } as const;
  const verdict = decideOne(history, { found, asked });
  return verdict.decision === 'OPEN' ? verdict.seats : verdict.reason.seats;
}

/** The evidence that a ratification names and that is missing, or does not say PASSED for this release. */
export function unresolved(
  { sealed, evidence }: History,
  { statement: { predicate } }: RecordedStatement<'ratification'>,
): readonly string[] {
  const there = evidence.flatMap(resolved);
  return predicate.evidence.flatMap(({ kind, digest }) => {
    const found = there.find((one) => one.kind === kind && one.digest === digest);
    if (found === undefined) return [`the ${kind} ${digest} in the ratification is not in the evidence`];
    const isGood = found.outcome === 'passed' && found.seal === sealed.seal;
    return isGood ? [] : [`the ${kind} ${digest} in the ratification did not pass, or is for another release`];
  });
}

/** The ratifications of a target, newest last. */
export function ratificationsOf(history: History, target: string): readonly RecordedStatement<'ratification'>[] {
  return history.recorded.filter(isOf('ratification')).filter(({ record }) => record.target === target);
}

function decideOne(
  history: History,
  { found, asked }: { readonly found: RecordedStatement<'ratification'>; readonly asked: CoverageQuestion },
): RatificationVerdict {
  const { sealed, evidence, recorded, rules } = history;
  const { now, direction, target } = asked;
  const { record } = found;
  const moved = adoptionOf(history, { target, now, incarnation: record.facts?.incarnation ?? null });
  if (moved !== null) return blocked('target', `the database was adopted since: ${moved}`);
  const accepted = (rules.get(target) ?? []).filter(({ since }) => since === null || since <= now);
  const inForce = accepted.at(-1);
  const descriptor = descriptorOf(record);
  if (inForce === undefined || descriptor === null || record.facts === null)
    return blocked('target', 'the database handed in no descriptor');
  return decide({
    now,
    direction,
    cycle: cycleNamedBy(history, found),
    abandoned: abandonedIn(history, { target, now }),
    firstSeen: record.statement.firstSeen ?? null,
    sealed,
    body: record.statement.body,
    signatures: record.statement.signatures
      .map(signatureOf)
      .filter(({ receivedAt }) => elapsed({ from: now, to: receivedAt }) <= clocks),
    policy: inForce.policy,
    registry: inForce.registry,
    target: {
      descriptor,
      inclusion: { index: 0, proof: [] },
      live: record.facts,
      drift: [],
    },
    revocations: recorded
      .filter(isOf('revocation'))
      .filter((one) => one.record.target === target && one.record.statement.receivedAt <= now)
      .map((one) => ({
        body: one.record.statement.body,
        signatures: one.record.statement.signatures.map(signatureOf),
      })),
    evidence: evidence.flatMap(resolved),
    // the rollback is asked about where it was run, and the database lets no one into it before a step of the rollout was committed
    begun:
      direction === 'up'
        ? null
        : { policies: accepted.map(({ policy }) => policy), registries: accepted.map(({ registry }) => registry) },
  });
}

/** The adoption that had given the database another incarnation by then. */
function adoptionOf(
  { recorded }: History,
  { target, now, incarnation }: { readonly target: string; readonly now: Instant; readonly incarnation: string | null },
): StatementDigest | null {
  const found = recorded
    .filter(isOf('adoption'))
    .find(
      ({ record: one }) =>
        one.target === target &&
        one.statement.adopted?.before === incarnation &&
        (one.statement.acceptedAt ?? '') <= now,
    );
  return found?.record.statement.digest ?? null;
}

/** The abandonment of the release that a target had accepted by then. */
function abandonedIn(
  { recorded }: History,
  { target, now }: { readonly target: string; readonly now: Instant },
): StatementDigest | null {
  const found = recorded
    .filter(isOf('abandonment'))
    .find(
      ({ record: one }) =>
        one.target === target && (one.statement.acceptedAt ?? null) !== null && (one.statement.acceptedAt ?? '') <= now,
    );
  return found?.record.statement.digest ?? null;
}

/** A rollback is checked if it ran; the database lets no executor enter it while nothing is in place. */
function cycleNamedBy(
  history: History,
  { record: { target }, statement: { predicate } }: RecordedStatement<'ratification'>,
): NamedCycle | null {
  const { opens } = predicate;
  if (opens.what === 'rollout') return null;
  const cycle = ratificationsOf(history, target).find(({ record }) => record.statement.digest === opens.cycle);
  if (cycle?.statement.predicate.opens.what !== 'rollout') return null;
  const [{ digest }] = cycle.statement.subject;
  return { statement: opens.cycle, seal: `sha256:${digest.sha256}` as Digest, isInPlace: true };
}

function blocked(code: 'statement' | 'purpose' | 'hold-point' | 'target', problem: string): RatificationVerdict {
  return { decision: 'BLOCKED', reason: { code, problem, seats: null } };
}

function resolved(piece: PeopleEvidence): readonly ResolvedEvidence[] {
  if (!piece.readable) return [];
  const { kind, digest, seal } = piece.entry;
  if (!isOfKind(piece, 'rehearsal')) return [{ kind, digest, seal, outcome: 'failed', rehearsal: null }];
  const { outcome, endedAt: at, footprint = null, golden } = piece.body;
  return [
    {
      kind,
      digest,
      seal,
      outcome,
      rehearsal: footprint === null ? null : { at, schema: footprintDigest(footprint), golden },
    },
  ];
}
