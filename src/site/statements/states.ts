import { type Digest, type Instant } from '../../core/index.ts';
import { type StatementDigest } from '../../evidence/index.ts';
import { type CycleRow, cyclesOf, explainRefusal, isInPlace, lacksSeats, whyClosed } from '../../gate/index.ts';
import { type Opens } from '../../people/index.ts';
import { type ReleaseContext, type standingOf } from '../../report/index.ts';
import { explainHeld, verdictOf } from '../../rollout/index.ts';

/** The state of a statement in its target, according to the target; if the target cannot be asked, it is closed. */
export type StatementState =
  | { readonly state: 'unknown'; readonly why: string }
  | {
      readonly state: 'waits' | 'open' | 'closed';
      /** Why it is not open; empty where it is. */
      readonly text: string;
      readonly persons: readonly string[];
      readonly done: CycleRow['done'];
    };

/** What a statement opens, and until when; `index`: the entry of the log that asked people to sign it. */
export interface AskedStatement {
  readonly opens: Opens;
  readonly expires: Instant;
  readonly index: number;
}

/** Where it is to be signed. */
export interface StatementPlace {
  readonly seal: Digest;
  readonly cycles: readonly CycleRow[];
  /** The newest entry of the log that says that the release was rolled back there; -1: none. */
  readonly rolledBack: number;
  readonly now: Instant;
}

/** Why a statement that people were asked to sign waits for no one any more; null where it may be signed. */
export function whyStale({ opens, expires, index }: AskedStatement, at: StatementPlace): string | null {
  if (expires <= at.now) return 'expired before every seat was filled: ask again';
  if (opens.what === 'rollout') return index < at.rolledBack ? 'asked before the rollback: ask again' : null;
  const cycle = cyclesOf(at.cycles, at.seal).find(({ statement }) => statement === opens.cycle);
  if (opens.what === 'tier') return cycle !== undefined && isUndone(cycle) ? rolledBackSaid : null;
  return cycle !== undefined && isInPlace(cycle) ? null : 'nothing of what it rolls back is rolled out any more';
}

/** Why a statement that every seat has signed opens nothing any more; null where it may. */
export function whySpent(cycle: Pick<CycleRow, 'opens' | 'done'>): string | null {
  return cycle.opens.what === 'rollout' && isUndone(cycle) ? rolledBackSaid : null;
}

const rolledBackSaid = 'the rollback has begun: another rollout needs another ratification';

const isUndone = ({ done }: Pick<CycleRow, 'done'>): boolean => done.some(({ direction }) => direction === 'down');

/** How a statement stands in a target that answered; `cycle` null: nobody has signed it there. */
export function statementIn(
  cycle: CycleRow | null,
  of: {
    /** How many seats there are. */
    readonly seats: number;
    readonly names: ReadonlyMap<string, string>;
    /** Whether a quorum ended the release there. */
    readonly abandoned: boolean;
    /** Why it waits for no one any more; null: it may. */
    readonly stale: string | null;
  },
): StatementState {
  const { seats, names, abandoned, stale } = of;
  const persons = (cycle?.persons ?? []).map((id) => names.get(id) ?? id);
  const done = cycle?.done ?? [];
  const why = cycle === null ? null : whyClosed(cycle);
  if (cycle === null || (why !== null && lacksSeats(cycle))) {
    const closed = abandoned ? abandonedSaid : stale;
    const text = closed ?? why?.facts.said ?? `0 of ${seats} seats are filled`;
    return { state: closed === null ? 'waits' : 'closed', text, persons, done };
  }
  const closed = why === null ? whySpent(cycle) : explainRefusal(why);
  return { state: closed === null ? 'open' : 'closed', text: closed ?? '', persons, done };
}

const abandonedSaid = 'abandoned: people abandoned this release in this database; it stays as it is';

/** What a fully signed ratification would find in its target; the text at the top of the page says the same. */
export function ratifiedText(
  { sealed, ratifications }: ReleaseContext,
  of: {
    readonly statement: StatementDigest;
    readonly opens: Opens | undefined;
    readonly standing: Pick<ReturnType<typeof standingOf>, 'gate'>;
  },
): string {
  const { statement, opens, standing } = of;
  if (opens?.what !== 'rollout') return 'ratified: every seat is filled';
  const { decision, reasons } = verdictOf({ rows: ratifications }, { sealed, direction: 'up', statement });
  if (decision === 'NO-GO') return `ratified, and held: ${reasons.map(explainHeld).join('; ')}`;
  if (decision === 'DONE') return 'ratified, and rolled out';
  return standing.gate === 'open' ? 'ratified: the target lets it through' : 'ratified, and held: see why it is closed';
}
