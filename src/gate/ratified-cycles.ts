import { type StatementDigest } from '../evidence/index.ts';
import { type Direction } from '../release/index.ts';
import { type Opens } from '../people/index.ts';
import { type ClosingCode, type Refusal } from './refusal.ts';
import { type CycleRow, type CycleRows } from './rows.ts';

/** The ratifications of a seal that open a rollout, in the order given. */
export function cyclesOf<One extends Pick<CycleRow, 'seal' | 'opens'>>(
  all: readonly One[],
  seal: string,
): readonly One[] {
  return all.filter((one) => one.seal === seal && one.opens.what === 'rollout');
}

/** The ratifications of a seal that answer hold points; of one cycle where one is named. */
export function answersOf<One extends Pick<CycleRow, 'seal' | 'opens'>>(
  all: readonly One[],
  of: { readonly seal: string; readonly cycle: StatementDigest | null },
): readonly (One & { readonly opens: Extract<Opens, { readonly what: 'tier' }> })[] {
  const isAnswer = (one: One): one is One & { readonly opens: Extract<Opens, { readonly what: 'tier' }> } =>
    one.seal === of.seal && one.opens.what === 'tier' && (of.cycle === null || one.opens.cycle === of.cycle);
  return all.filter(isAnswer);
}

/** Why a ratification is closed for what it is for; null: it is open. One for a rollback is for the rollback alone. */
export function whyClosed({ opens, closed }: Pick<CycleRow, 'opens' | 'closed'>): Refusal | null {
  return opens.what === 'rollback' ? closed.down : closed.up;
}

type Waiting = Pick<CycleRow, 'opens' | 'closed' | 'done'>;

/** Nothing was done under it, and it is closed because signatures are missing, or what the relay hands in with them. */
export function isWaiting(cycle: Waiting): boolean {
  return waitsFor(cycle, ['seal', 'target', 'seats']);
}

/** Nothing was done under it, and signatures alone are missing. */
export function lacksSeats(cycle: Waiting): boolean {
  return waitsFor(cycle, ['seats']);
}

function waitsFor(cycle: Waiting, codes: readonly ClosingCode[]): boolean {
  const why = whyClosed(cycle)?.code;
  return cycle.done.length === 0 && codes.some((code) => code === why);
}

/** A cycle as the database tells it; `steps` and `checked` where it was asked for them too. */
type Told = Pick<CycleRow, 'seal' | 'opens' | 'closed' | 'next' | 'done'> &
  Partial<Pick<CycleRows, 'steps' | 'batches' | 'checked'>>;

/**
 * The cycle of a seal that counts; null where there is none. One that is half way is gone on with, and one that is whole stays the one that
 * counts, unless the release is gone from the database and another one is open. Else one that has not begun: an open one before all others,
 * then one that may still be opened. Where all have ended (rolled back, revoked, expired), the newest, for its reasons.
 */
export function chooseCycle<One extends Told>(
  all: readonly One[],
  { seal, direction = 'up' }: { readonly seal: string; readonly direction?: Direction },
): One | null {
  const cycles = cyclesOf(all, seal);
  const inPlace = cycles.find(isInPlace);
  const isMeant = inPlace !== undefined && (direction === 'down' || !isUndone(inPlace));
  const fresh = cycles.filter((one) => !hasBegun(one));
  return (
    (isMeant ? inPlace : undefined) ??
    fresh.find(({ closed }) => closed[direction] === null) ??
    inPlace ??
    (direction === 'down' ? cycles.find(hasBegun) : undefined) ??
    fresh.find((one) => !hasEnded(one.closed[direction])) ??
    cycles[0] ??
    null
  );
}

function hasBegun(cycle: Pick<Told, 'done' | 'steps' | 'batches'>): boolean {
  return workOf(cycle).length > 0;
}

/** Every tier, step and batch that was committed. */
export function workOf({
  done,
  steps = [],
  batches = [],
}: Pick<Told, 'done' | 'steps' | 'batches'>): readonly { readonly direction: Direction; readonly tier: string }[] {
  return [...done, ...steps, ...batches];
}

/** Nothing opens it again. */
function hasEnded(why: Refusal | null): boolean {
  return ['revoked', 'expired', 'abandoned'].includes(why?.code ?? '');
}

/** Whether every tier has its marker, and the gate finds that the database is not, or no longer, as the last one left it. */
function isUndone({ next, checked }: Told): boolean {
  return (
    next.up === null &&
    checked?.up.closed.some(({ why: { code } }) => code === 'schema' || code === 'invariant') === true
  );
}

/** Whether people ended its release in this database as it is: then its rows are history. */
export function isAbandoned({ closed }: Pick<Told, 'closed'>): boolean {
  return closed.up?.code === 'abandoned' || closed.down?.code === 'abandoned';
}

/** Whether something of it is rolled out and not rolled back, by its rows or by what the database says comes next. */
export function isInPlace(cycle: Pick<Told, 'next' | 'done' | 'steps' | 'batches' | 'closed'>): boolean {
  if (isAbandoned(cycle)) return false;
  const hasBegun = workOf(cycle).some(({ direction, tier }) => direction === 'up' && !isMarked(cycle, tier, 'down'));
  return hasBegun || cycle.next.down !== null;
}

/** Whether a tier has its marker in a direction. */
export function isMarked({ done }: Pick<CycleRow, 'done'>, tier: string, direction: Direction): boolean {
  return done.some((one) => one.tier === tier && one.direction === direction);
}
