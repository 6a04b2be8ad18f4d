import { type Direction } from '../release/index.ts';
import { type ClosingCode } from './refusal.ts';
import { type Cycle, type CycleRows } from './rows.ts';

/** Nothing was done under it, and it is closed because signatures are missing, or what the relay hands in with them. */
export function isWaiting(cycle: Pick<Cycle, 'closed' | 'done'>): boolean {
  return waitsFor(cycle, ['seal', 'target', 'seats']);
}

/** Nothing was done under it, and signatures alone are missing. */
export function lacksSeats(cycle: Pick<Cycle, 'closed' | 'done'>): boolean {
  return waitsFor(cycle, ['seats']);
}

function waitsFor({ closed, done }: Pick<Cycle, 'closed' | 'done'>, codes: readonly ClosingCode[]): boolean {
  return done.length === 0 && codes.some((code) => code === closed.up?.code);
}

/** A cycle as the database tells it; `steps` where it was asked for them too. */
type Told = Pick<Cycle, 'seal' | 'holdPoint' | 'closed' | 'done'> & Partial<Pick<CycleRows, 'steps'>>;

/**
 * The ratification of a seal that counts; null where there is none. One that is half-way, or done, is gone on with; else an open one;
 * else the newest, for its reasons. A further one for a hold point never counts by itself.
 */
export function chooseCycle<One extends Told>(
  all: readonly One[],
  { seal, direction = 'up' }: { readonly seal: string; readonly direction?: Direction },
): One | null {
  const cycles = all.filter((one) => one.seal === seal && one.holdPoint === null);
  return cycles.find(isBegun) ?? cycles.find(({ closed }) => closed[direction] === null) ?? cycles[0] ?? null;
}

function isBegun(cycle: Told): boolean {
  const rows = [...cycle.done, ...(cycle.steps ?? [])];
  return rows.some(({ direction, tier }) => direction === 'up' && !isMarked(cycle, tier, 'down'));
}

/** Whether a tier has its marker in a direction. */
export function isMarked({ done }: Pick<Cycle, 'done'>, tier: string, direction: Direction): boolean {
  return done.some((one) => one.tier === tier && one.direction === direction);
}
