import { elapsed, type Instant, isNonEmpty, type NonEmpty } from '../core/index.ts';
import { ofKind, type StatementDigest, type Stored } from '../evidence/index.ts';
import { type GateBody } from '../gate/index.ts';
import {
  decideRecorded,
  explainSeat,
  type History,
  isOf,
  ratificationsOf,
  readHistory,
  type RecordedStatement,
  type Signatory,
} from '../people/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Position, positionOf, type Transaction, transactionsOf } from '../rollout/index.ts';
import { cite, type FoundEvidence, type Search } from './find.ts';
import { type ReportReason } from './report-reason.ts';
import { type Citation } from './report.ts';

/** What people signed for the target of the report, and what was done with it, from the evidence alone, at the time of the report. */
export interface CycleFacts {
  /** Null: the evidence names none. */
  readonly target: string | null;
  readonly gate:
    | { readonly state: 'open'; readonly until: string; readonly seats: string }
    | { readonly state: 'closed'; readonly reasons: NonEmpty<ReportReason> };
  /** Who signed the ratification that counts, or the last one; empty where there is none. */
  readonly signed: readonly Signatory[];
  /** Who declined it, and why. */
  readonly declined: readonly string[];
  readonly position: Position;
  /** Whether the newest look at production is newer than everything on record of a rollout to its target. */
  readonly isLookNewer: boolean;
  /** What of the evidence cannot be relied on. */
  readonly broken: readonly ReportReason[];
  readonly revoked: readonly StatementDigest[];
  readonly ratified: readonly Citation[];
  readonly done: readonly Citation[];
}

/** Derives the cycle from the evidence. A ratification that cannot be checked, was used or has expired closes the gate; tiers that were rolled back are not active. */
export function findCycle(sealed: SealedRelease, search: Search, reading: FoundEvidence<GateBody>): CycleFacts {
  const own = search.evidence.filter(({ entry }) => entry.seal === search.seal);
  const history = readHistory(sealed, own);
  const lines = ofKind(own, 'execution');
  const read = lines.flatMap((piece) => (piece.readable ? [piece.body] : []));
  const target = (reading.found ? reading.body.target : undefined) ?? read.at(-1)?.target ?? targetOf(history);
  const ofTarget = read.filter((one) => one.target === target);
  const transactions = transactionsOf(ofTarget);
  const position = read.length < lines.length ? unreadable : positionOf(sealed.release, transactions);
  const ratifications = target === null ? [] : ratificationsOf(history, target);
  const whole = ratifications.filter(({ statement }) => statement.predicate.opens.what === 'rollout');
  const current = whole.findLast(({ record }) => !isSpent(record.statement.digest, transactions)) ?? null;
  // the ratifications that are cited: the one that counts, or else the last one
  const shown = current ?? whole.at(-1) ?? null;
  const broken = [...history.broken, ...damagedUnder(own, shown?.index ?? 0)].map(
    ({ index, problem }): ReportReason => ({
      code: 'broken',
      facts: { entry: index, problem },
    }),
  );
  return {
    target,
    gate: isNonEmpty(broken)
      ? { state: 'closed', reasons: broken }
      : gateOf({ history, current, wasSpent: whole.length > 0 }, search),
    signed: shown?.signed ?? [],
    declined: history.recorded
      .filter(isOf('decline'))
      .filter(({ record }) => record.target === target)
      // also of what people were asked to sign and no one has signed yet
      .filter(({ statement: { predicate } }) => {
        const of = String(predicate.statement);
        return (
          of === shown?.record.statement.digest || !ratifications.some(({ record }) => record.statement.digest === of)
        );
      })
      .map(({ statement, signed }) => `${signed.map(({ name }) => name).join(', ')}: ${statement.predicate.reason}`),
    position,
    isLookNewer:
      reading.found && isNewer({ own, lines, readAt: reading.body.readAt, last: ofTarget.at(-1)?.at ?? null }),
    broken,
    revoked: history.recorded
      .filter(isOf('revocation'))
      .map(({ statement }) => `sha256:${statement.subject[0].digest.sha256}` as StatementDigest),
    ratified: own
      .filter(({ entry: { index, kind } }) => index === shown?.index || kind === 'revocation' || kind === 'decline')
      .map(({ entry }) => cite(entry, search)),
    done: lines.slice(-1).map(({ entry }) => cite(entry, search)),
  };
}

/** Dossiers that people saw before they signed and that are damaged now: what they saw can no longer be proven. */
function damagedUnder(
  own: readonly Stored[],
  ratification: number,
): readonly { readonly index: number; readonly problem: string }[] {
  return own.flatMap((piece) => {
    const { kind, index } = piece.entry;
    const isShown = (kind === 'dossier' || kind === 'proposal') && index < ratification;
    if (!isShown || piece.readable || piece.damaged === undefined) return [];
    return [{ index, problem: `the ${kind} that people saw: ${piece.reason}` }];
  });
}

/** The log's order and the clocks both have to say so: a reading that is recorded after a change may have begun before it. */
function isNewer(of: {
  readonly own: readonly Stored[];
  /** Of kind `execution`; those of other targets too, because one that cannot be read may be of this one. */
  readonly lines: readonly Stored[];
  readonly readAt: Instant;
  readonly last: Instant | null;
}): boolean {
  const newest = (pieces: readonly Stored[]): number => Math.max(-1, ...pieces.map(({ entry }) => entry.index));
  const looks = of.own.filter(({ entry }) => entry.kind === 'gate');
  return newest(looks) > newest(of.lines) && (of.last === null || elapsed({ from: of.last, to: of.readAt }) >= 0);
}

const unreadable: Position = { state: 'unknown', active: [], last: null };

function targetOf({ recorded }: History): string | null {
  return recorded.at(-1)?.record.target ?? null;
}

/** One ratification is one rollout and its rollback: once the rollback has begun, it opens nothing any more. */
function isSpent(statement: string, transactions: readonly Transaction[]): boolean {
  return transactions.some(
    (one) => one.statement === statement && one.direction === 'down' && one.outcome !== 'not-applied',
  );
}

function gateOf(
  of: {
    readonly history: History;
    readonly current: RecordedStatement<'ratification'> | null;
    readonly wasSpent: boolean;
  },
  { now }: Search,
): CycleFacts['gate'] {
  const { history, current } = of;
  if (current === null) return closed({ code: of.wasSpent ? 'rolled-back' : 'unratified', facts: {} });
  const { target, statement } = current.record;
  const verdict = decideRecorded(history, { statement: statement.digest, target, direction: 'up', tier: null, now });
  if (verdict.decision === 'OPEN')
    return { state: 'open', until: verdict.until, seats: verdict.seats.seats.map(explainSeat).join('; ') };
  const { code, problem } = verdict.reason;
  return closed({ code: 'gate', facts: { code, facts: { said: problem } } });
}

function closed(reason: ReportReason): CycleFacts['gate'] {
  return { state: 'closed', reasons: [reason] };
}
