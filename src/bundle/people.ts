import { type Instant } from '../core/index.ts';
import { ofKind, type StatementDigest } from '../evidence/index.ts';
import {
  decideRecorded,
  explainSeat,
  explainShortage,
  type History,
  isOf,
  type Opens,
  type PeopleRecord,
  policyDigest,
  readHistory,
  registryDigest,
  seatsOf,
  type Signatory,
  unresolved,
} from '../people/index.ts';
import { type KnownEvidence } from '../evidence-kinds/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Transaction, transactionsOf } from '../rollout/index.ts';
import { type Finding } from './bundle-findings.ts';

/** One statement of persons, for people to read. */
export interface StatementText {
  readonly kind: PeopleRecord['statement']['kind'];
  readonly target: string;
  readonly statement: StatementDigest;
  readonly signed: readonly Signatory[];
  /** Why; null for a ratification. */
  readonly reason: string | null;
  /** Of a ratification: the seats that different persons had to fill; `open`: what was missing. */
  readonly seats: { readonly wanted: readonly string[]; readonly open: string | null } | null;
  readonly opens: Opens | null;
  readonly window: { readonly notBefore: Instant; readonly expires: Instant } | null;
  /** Of an adoption: the incarnation that the database had, and the one that was drawn. */
  readonly adopted: { readonly before: string; readonly incarnation: string } | null;
}

/** The registry and policy that a target's gate was installed with: a reader compares them. */
export interface Root {
  readonly target: string;
  readonly policy: string;
  readonly registry: string;
}

/** What people signed and what was done with it. */
export interface BundleHistory {
  readonly roots: readonly Root[];
  readonly said: readonly StatementText[];
  readonly done: readonly Transaction[];
  /** The pieces of evidence that cannot be read, and why: no verdict uses them. */
  readonly unread: readonly { readonly index: number; readonly kind: string; readonly reason: string }[];
}

/** Reads the story of a release out of its evidence, and checks every signature, and that a ratification covered each transaction. */
export function readPeople(
  sealed: SealedRelease,
  evidence: readonly KnownEvidence[],
): { readonly told: BundleHistory; readonly faults: readonly Finding[]; readonly history: History } {
  const history = readHistory(sealed, evidence);
  const { done, faults } = readDone(history, evidence);
  return {
    history,
    told: {
      roots: rootsOf(history),
      said: saidOf(history),
      done,
      unread: evidence.flatMap((piece) =>
        piece.readable ? [] : [{ index: piece.entry.index, kind: piece.entry.kind, reason: piece.reason }],
      ),
    },
    faults: [
      ...history.broken.map(
        ({ index, what, problem }): Finding => ({
          code: what === 'rules' ? 'BUNDLE_RULES' : 'BUNDLE_RATIFICATION',
          at: `entry ${index} of the log`,
          cause: `does not hold: ${problem}`,
        }),
      ),
      ...history.recorded.filter(isOf('ratification')).flatMap((one) =>
        unresolved(history, one).map(
          (problem): Finding => ({
            code: 'BUNDLE_RATIFICATION',
            at: `entry ${one.index} of the log`,
            cause: `does not hold: ${problem}`,
          }),
        ),
      ),
      ...faults,
    ],
  };
}

function rootsOf({ rules }: History): readonly Root[] {
  return [...rules].flatMap(([target, [first]]) =>
    first === undefined
      ? []
      : [{ target, policy: policyDigest(first.policy), registry: registryDigest(first.registry) }],
  );
}

function saidOf(history: History): readonly StatementText[] {
  return history.recorded.map((one): StatementText => {
    const { record, statement, signed } = one;
    const adopted = record.statement.adopted ?? null;
    const common = { target: record.target, statement: record.statement.digest, signed, adopted };
    if (statement.kind !== 'ratification') {
      const { predicate } = statement;
      const reason = 'reason' in predicate ? predicate.reason : null;
      return {
        ...common,
        kind: record.statement.kind,
        reason,
        seats: null,
        opens: null,
        window: null,
      };
    }
    const { opens, notBefore, expires } = statement.predicate;
    const state = isOf('ratification')(one) ? seatsOf(history, one) : null;
    const open = state === null ? 'whether the seats were filled is unknown' : state.shortage;
    const seats = {
      wanted: (state?.seats ?? []).map(explainSeat),
      open: open === null || typeof open === 'string' ? open : explainShortage(open),
    };
    return { ...common, kind: 'ratification', reason: null, seats, opens, window: { notBefore, expires } };
  });
}

function readDone(
  history: History,
  evidence: readonly KnownEvidence[],
): { readonly done: readonly Transaction[]; readonly faults: readonly Finding[] } {
  const faults: Finding[] = [];
  const read = ofKind(evidence, 'execution').flatMap((piece) => {
    const { entry } = piece;
    if (piece.readable && piece.body.release === history.sealed.release.name) return [piece.body];
    faults.push({
      code: 'BUNDLE_EXECUTION',
      at: `entry ${entry.index} of the log`,
      cause: `is not part of a rollout of this release${piece.readable ? '' : `: ${piece.reason}`}`,
    });
    return [];
  });
  const done = transactionsOf(read);
  for (const one of done) {
    const why = one.outcome === 'not-applied' ? null : uncovered(history, one);
    if (why === null) continue;
    const way = one.direction === 'up' ? 'rolled out' : 'rolled back';
    faults.push({
      code: 'BUNDLE_EXECUTION',
      at: `${one.tier} was ${way} on ${one.target} at ${one.ended}`,
      cause: `and no ratification covers that: ${why}`,
    });
  }
  return { done, faults };
}

/** Why no ratification covered a transaction; null where one did. It had to be open at some time between intent and outcome. */
function uncovered(history: History, of: Transaction): string | null {
  const { statement, target, direction, tier } = of;
  const found = history.sealed.release.tiers.find(({ id }) => id === tier);
  if (found === undefined) return 'the release does not have this tier';
  if (found.barred !== null) return 'the tier is barred';
  if (direction === 'down' && found.oneWay !== null) return 'the tier is one-way';
  const last = found[direction].length;
  if (of.steps[0] > of.steps[1] || of.steps[1] > last) return `the tier has ${last} steps`;
  const verdicts = [of.begun, of.ended].map((now) =>
    decideRecorded(history, { statement, target, direction, tier, now }),
  );
  const [first] = verdicts;
  if (verdicts.some(({ decision }) => decision === 'OPEN') || first?.decision !== 'BLOCKED') return null;
  return `${first.reason.code}: ${first.reason.problem}`;
}
