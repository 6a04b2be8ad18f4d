import { isNonEmpty, type NonEmpty } from '../core/index.ts';
import { type StatementDigest } from '../evidence/index.ts';
import { type DriftDifference, explainDrift } from '../fingerprint/index.ts';
import {
  type CycleCheck,
  chooseCycle,
  type ClosingCode,
  type CycleRows,
  cyclesOf,
  type GateRows,
  type GateVerdict,
  isInPlace,
  type RefusalCode,
} from '../gate/index.ts';
import { explainOpens } from '../people/index.ts';
import { type Direction, type SealedRelease, type TierId } from '../release/index.ts';
import { nextAct, remaining } from './next-act.ts';
import { type RunningAttempt, type HeldReason } from './reason.ts';
import { fixOf } from './refusals.ts';
import { type NextAct, type Progress, type Wish } from './rollout.ts';

/** What was read of a target, at one moment. */
export interface TargetReading {
  /** The gate's answer to the executor or the observer; absent in older records, which did not ask the gate. */
  readonly rows?:
    | Extract<GateRows, { readonly state: 'unread' }>
    | Pick<Extract<GateRows, { readonly state: 'read' }>, 'state' | 'cycles'>
    | undefined;
  /** What the observer measured by itself; it counts where the gate did not measure. */
  readonly verdict?: GateVerdict | undefined;
  /** How the schema differs from the rehearsed one; null: nothing was compared. */
  readonly drift?: readonly DriftDifference[] | null | undefined;
}

/** The question: which release, which direction, how far, and which statement; null: all of it, and the statement that counts. */
export interface RolloutQuestion {
  readonly sealed: SealedRelease;
  readonly direction: Direction;
  readonly through?: TierId | null;
  readonly statement?: StatementDigest | null;
}

/** Why it does not run, and what to do about it. */
export type Why = HeldReason & { readonly fix: string };

/**
 * Whether a rollout, or a rollback, may run now. `GO`: the button does `runs`, and ends. `DONE`: nothing is left, and the schema and the
 * invariants show it. `NO-GO`: it does `runs`, which is mostly nothing, and is held for `reasons`, the first of which is what it says.
 */
export type Verdict = {
  readonly direction: Direction;
  /** The cycle that counts; null: nothing was ratified. */
  readonly statement: StatementDigest | null;
  readonly progress: Progress;
  readonly runs: readonly TierId[];
  /** A later hold point that no one has answered yet: the rollout stops there, as people intended. */
  readonly stops: { readonly before: string; readonly reason: Why } | null;
  /** Whether another session's lock prevented the measurement of a metric. */
  readonly isLocked: boolean;
  /** Server processes of another attempt, which it would wait for. */
  readonly waits: readonly number[];
  /** Codes of checks that need the executor's session or the steps. */
  readonly notAsked: readonly string[];
} & (
  | { readonly decision: 'GO' | 'DONE'; readonly reasons: readonly [] }
  | { readonly decision: 'NO-GO'; readonly reasons: NonEmpty<Why> }
);

/** The verdict without its subject. */
type Ruling = Pick<Verdict, 'runs' | 'stops'> &
  (
    | { readonly decision: 'GO' | 'DONE'; readonly reasons: readonly [] }
    | { readonly decision: 'NO-GO'; readonly reasons: NonEmpty<Why> }
  );

/** Codes with which time closes a ratification; what was rolled out under it stays rolled out. */
const ofTime: readonly RefusalCode[] = ['expired', 'rehearsal-age', 'registry', 'policy', 'not-yet-valid', 'too-long'];

/**
 * Judges what was read of a target. Only this function does: every command and page shows its verdict, and the rollout follows it. What was
 * not asked, or cannot be read, never opens anything.
 *
 * Source  docs/decisions/0049-one-verdict.md
 */
export function verdictOf(seen: TargetReading, asked: RolloutQuestion): Verdict {
  const { direction } = asked;
  const { statement, cycle, held } = choose(seen, asked);
  const progress = progressOf(cycle);
  const checked = cycle?.checked?.[direction];
  return {
    direction,
    statement,
    progress,
    isLocked: checked?.locked ?? false,
    waits: checked?.waits ?? [],
    notAsked: checked?.notAsked ?? [],
    ...rule(seen, { ...asked, cycle, held, progress }),
  };
}

/** Nothing remains, but another attempt is running: until it ends, it may still commit. */
export function waitingFor(verdict: Verdict, attempt: RunningAttempt): Verdict {
  return { ...verdict, ...noGo([{ code: 'attempt', facts: attempt }]) };
}

interface Case extends RolloutQuestion {
  readonly cycle: CycleRows | null;
  /** Why the named statement is not the one to run. */
  readonly held: readonly HeldReason[];
  readonly progress: Progress;
}

function rule(seen: TargetReading, of: Case): Ruling {
  const { cycle, direction, held, progress } = of;
  const wish = wishOf(of);
  if (held.length > 0) return noGo([...held, ...ownMeasure(seen, of)]);
  if (cycle === null) return noGo([{ code: 'not-ratified', facts: {} }, ...ownDrift(seen), ...ownMeasure(seen, of)]);
  const act = nextAct(wish, progress);
  if (act.act === 'halt') return noGo([{ code: 'contradiction', facts: { why: act.why } }]);
  const checked = cycle.checked?.[direction];
  if (checked === undefined) return noGo([...closedBy(cycle, direction), { code: 'unchecked', facts: {} }]);
  return act.act === 'nothing' ? ended(seen, of, checked) : going(seen, of, { checked, act });
}

/** Nothing remains to do: checks whether the release is in place or, after a rollback, no part of it is. */
function ended(seen: TargetReading, of: Case, checked: CycleCheck): Ruling {
  const closings = checked.closed.flatMap(({ tier, why }) => (tier === null ? [why] : []));
  // if nothing is in place, a rollback has nothing to undo, no matter what closes it; an abandoned release stays as it is
  const counted = closings.filter(({ code }) =>
    of.direction === 'down' ? code === 'abandoned' : !ofTime.includes(code),
  );
  const reasons = [
    ...counted.map((facts): HeldReason => ({ code: 'gate', facts })),
    ...(of.direction === 'down' || checked.measured ? [] : unmeasured(seen, of)),
  ];
  return isNonEmpty(reasons) ? noGo(reasons) : { decision: 'DONE', reasons: [], runs: [], stops: null };
}

/** Something remains: how far it can run, and what holds it. */
function going(
  seen: TargetReading,
  of: Case,
  { checked, act }: { readonly checked: CycleCheck; readonly act: Extract<NextAct, { act: 'enter' | 'held' }> },
): Ruling {
  const left = remaining(wishOf(of), of.progress).map(({ tier }) => tier.id);
  const isNear = (tier: string | null): boolean => tier === null || tier === left[0];
  const asReason = ({ why }: CycleCheck['closed'][number]): HeldReason => ({ code: 'gate', facts: why });
  const far = checked.closed.filter(({ tier }) => !isNear(tier) && left.some((id) => id === tier));
  const near = checked.closed.filter(({ tier, why }) => isNear(tier) && why.code !== 'one-way');
  // a one-way tier ends a rollback before it begins: no one rolls back half way to a tier that has no rollback
  const first = [...near.map(asReason), ...(act.act === 'held' ? act.reasons : [])].filter(isSaidOnce);
  const later = far.filter(({ why }) => why.code !== 'hold-point').map(asReason);
  const missed = of.direction === 'down' || checked.measured ? [] : unmeasured(seen, of);
  // that nothing was measured is no news where people have not ratified it
  const own = missed.filter(({ code }) => first.length === 0 || code !== 'unmeasured');
  const all = [...first, ...own, ...later];
  const stopsAt = far[0]?.tier ?? null;
  const runs = first.length + own.length > 0 ? [] : left.slice(0, stopsAt === null ? left.length : at(left, stopsAt));
  if (isNonEmpty(all)) return { ...noGo(all), runs };
  const [stop] = far;
  const stops = stop === undefined ? null : { before: stop.tier ?? '', reason: withFix(asReason(stop)) };
  return { decision: 'GO', reasons: [], runs, stops };
}

/** The gate says `order` if the rows show that the rollback has begun. */
function isSaidOnce(reason: HeldReason, _: number, all: readonly HeldReason[]): boolean {
  const isOrder = (one: HeldReason): boolean => one.code === 'gate' && one.facts.code === 'order';
  return reason.code !== 'way-back-begun' || !all.some(isOrder);
}

const at = (all: readonly string[], one: string): number => all.indexOf(one);

function noGo(reasons: readonly HeldReason[]): Extract<Ruling, { decision: 'NO-GO' }> {
  const known = reasons.map(withFix);
  const all: NonEmpty<Why> = isNonEmpty(known) ? known : [withFix({ code: 'unchecked', facts: {} })];
  return { decision: 'NO-GO', reasons: all, runs: [], stops: null };
}

function withFix(reason: HeldReason): Why {
  return { ...reason, fix: fixOf(reason) };
}

function closedBy({ closed }: CycleRows, direction: Direction): readonly HeldReason[] {
  const why = closed[direction];
  return why === null ? [] : [{ code: 'gate', facts: why }];
}

/** What the observer itself found before anything has begun. */
function ownMeasure({ verdict }: TargetReading, { direction, progress }: Case): readonly HeldReason[] {
  if (
    direction === 'down' ||
    progress.steps.length + (progress.batches?.length ?? 0) > 0 ||
    verdict?.decision !== 'BLOCKED'
  )
    return [];
  return verdict.reasons.map((facts): HeldReason => ({ code: 'unmet', facts }));
}

/** Something that no one has ratified yet, and that this would hold after a ratification. */
function ownDrift({ drift }: TargetReading): readonly HeldReason[] {
  const [first, ...more] = drift ?? [];
  if (first === undefined) return [];
  const said = `${explainDrift(first)}${more.length === 0 ? '' : `; and ${more.length} more`}`;
  return [{ code: 'gate', facts: { code: 'schema', facts: { said } } }];
}

/** The gate measures what people ratified; if it has not, the observer's own measurement can close, and never opens. */
function unmeasured(seen: TargetReading, of: Case): readonly HeldReason[] {
  const own = ownMeasure(seen, of);
  return own.length > 0 ? own : [{ code: 'unmeasured', facts: {} }];
}

function wishOf({ sealed, direction, through = null }: RolloutQuestion): Wish {
  return { release: sealed.release, direction, through };
}

function progressOf(cycle: CycleRows | null): Progress {
  const markers = (cycle?.done ?? []).map((one) => ({ ...one, epoch: String(one.epoch) }));
  return { markers, steps: cycle?.steps ?? [], batches: cycle?.batches ?? [] };
}

interface Choice {
  readonly statement: StatementDigest | null;
  readonly cycle: CycleRows | null;
  readonly held: readonly HeldReason[];
}

/**
 * The cycle that is meant. A ratification that carries on a rollback is taken up by the cycle that it names: the database finds it by itself.
 * A named statement that is not the one in place would say "nothing to do" while something is: it is refused.
 */
function choose(
  { rows }: TargetReading,
  { sealed: { seal }, direction, statement: named = null }: RolloutQuestion,
): Choice {
  if (rows === undefined) return { statement: null, cycle: null, held: [{ code: 'unchecked', facts: {} }] };
  if (rows.state === 'unread')
    return { statement: null, cycle: null, held: [{ code: 'unread', facts: { why: rows.why } }] };
  const { cycles: all } = rows;
  const of = (statement: StatementDigest, held: readonly HeldReason[] = []): Choice => ({
    statement,
    cycle: all.find((one) => one.statement === statement) ?? null,
    held,
  });
  if (named === null) {
    const cycle = chooseCycle(all, { seal, direction });
    return { statement: cycle?.statement ?? null, cycle, held: [] };
  }
  const refused = (code: ClosingCode, text: string): readonly HeldReason[] => [
    { code: 'gate', facts: { code, facts: { said: text } } },
  ];
  const said = all.find(({ statement }) => statement === named);
  if (said === undefined) return of(named, refused('unknown', 'there is no such ratification'));
  const { opens } = said;
  if (opens.what === 'rollback' && direction === 'down') {
    const why = said.closed.down;
    const text = `${why?.facts.said} (${named})`;
    return of(opens.cycle, why === null ? [] : [{ code: 'gate', facts: { code: why.code, facts: { said: text } } }]);
  }
  if (opens.what !== 'rollout') return of(named, refused('purpose', `it is for ${explainOpens(opens)}`));
  const inPlace = cyclesOf(all, seal).find(isInPlace) ?? null;
  if (inPlace === null || inPlace.statement === named) return of(named);
  const other = `this release is rolled out, or half way, under another ratification: ${inPlace.statement}`;
  return of(named, refused('in-progress', other));
}
