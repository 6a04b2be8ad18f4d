import { type StatementDigest } from '../evidence/index.ts';
import { type Direction } from '../release/index.ts';
import { type ClosingCode, type Refusal } from './refusal.ts';

/** One ratification, as the database sees it now. */
export interface Cycle {
  readonly statement: StatementDigest;
  readonly seal: string;
  readonly holdPoint: string | null;
  readonly persons: readonly string[];
  /** Why the way forward, or back, is closed; null: open. */
  readonly closed: Readonly<Record<Direction, Refusal | null>>;
  /** The tier that comes next; null: nothing is left. */
  readonly next: Readonly<Record<Direction, string | null>>;
  readonly done: readonly {
    readonly direction: Direction;
    readonly tier: string;
    readonly epoch: number;
    readonly steps: number;
    readonly schemaAfter: string;
  }[];
}

/** A ratification with the steps that were committed under it, also those of a tier that has no marker yet. */
export interface CycleRows extends Cycle {
  readonly steps: readonly { readonly direction: Direction; readonly tier: string; readonly n: number }[];
}

/** What the gate in the target database says of this release by its own rows, which are the truth; or why it could not be asked. */
export type GateRows =
  | {
      readonly state: 'read';
      /** What `gate.schema_digest()` says now. */
      readonly schema: string;
      /** The ratifications of this seal, newest first. */
      readonly cycles: readonly CycleRows[];
    }
  | { readonly state: 'unread'; readonly why: string };

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
