import { elapsed, type Instant, isNonEmpty, type NonEmpty } from '../core/index.ts';
import { ofKind, type StatementDigest, type Stored } from '../evidence/index.ts';
import {
  decideRecorded,
  explainSeat,
  type History,
  isOf,
  ratificationsOf,
  readHistory,
  type Recorded,
  type Signatory,
  type GateBody,
} from '../gate/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Position, positionOf, type Transaction, transactionsOf } from '../rollout/index.ts';
import { cite, type Found, type Search } from './find.ts';
import { type Reason } from './reason.ts';
import { type Citation } from './report.ts';

/** What people signed for the target of the report, and what was done with it, by the evidence alone, at the time of the report. */
export interface CycleFacts {
  /** Null: the evidence names none. */
  readonly target: string | null;
  readonly gate:
    | { readonly state: 'open'; readonly until: string; readonly seats: string }
    | { readonly state: 'closed'; readonly reasons: NonEmpty<Reason> };
  /** Who signed the ratification that counts, or the last one; empty where there is none. */
  readonly signed: readonly Signatory[];
  /** Who declined it, and why. */
  readonly declined: readonly string[];
  readonly position: Position;
  /** Whether the newest look at production is newer than everything on record of a rollout to its target. */
  readonly isLookNewer: boolean;
  /** What of the evidence cannot be relied on. */
  readonly broken: readonly Reason[];
  readonly revoked: readonly StatementDigest[];
  readonly ratified: readonly Citation[];
  readonly done: readonly Citation[];
}

/** Reads the cycle out of the evidence. What cannot be checked, was spent or has run out closes the gate; what was rolled back is not active. */
export function findCycle(sealed: SealedRelease, search: Search, reading: Found<GateBody>): CycleFacts {
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
  const broken = history.broken.map(
    ({ index, problem }): Reason => ({
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
      .filter(({ statement }) => String(statement.predicate.statement) === shown?.record.statement.digest)
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

/** The log's order and the clocks both have to say so: a look that is recorded after a change may have begun before it. */
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

/** One ratification is one rollout and its way back: once the way back has begun, it opens nothing any more. */
function isSpent(statement: string, transactions: readonly Transaction[]): boolean {
  return transactions.some(
    (one) => one.statement === statement && one.direction === 'down' && one.outcome !== 'not-applied',
  );
}

function gateOf(
  of: {
    readonly history: History;
    readonly current: Recorded<'ratification'> | null;
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

function closed(reason: Reason): CycleFacts['gate'] {
  return { state: 'closed', reasons: [reason] };
}
