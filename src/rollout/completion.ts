import { type Instant } from '../core/index.ts';
import { type Direction, type Release } from '../release/index.ts';
import { isLeftAlone } from './left-alone.ts';
import { transactionsOf } from './record.ts';
import { type Epoch, type Execution, type Progress } from './rollout.ts';

/** The input for computing what the record of one cycle in one target lacks. */
export interface RecordedRun {
  readonly release: Pick<Release, 'tiers'>;
  readonly cycle: Pick<Execution, 'release' | 'seal' | 'target' | 'statement'>;
  /** The gate's own rows. */
  readonly progress: Progress;
  /** The lines of the log, in order. */
  readonly recorded: readonly Execution[];
  /** Lines that were kept locally while the log could not be written. Anyone on this machine could have written them. */
  readonly beside: readonly Execution[];
  /** Every attempt up to this one has ended: it will never commit what the rows do not show. Null: no attempt is known to have ended. */
  readonly ended: Epoch | null;
  /** `may-lack`: a synchronous standby is configured, and no answer confirmed that it has the commit. */
  readonly standbys: 'none' | 'may-lack';
  readonly at: Instant;
}

type Piece = Pick<Execution, 'direction' | 'tier' | 'steps' | 'epoch'>;

/**
 * The lines that the record lacks, in order. The gate's rows decide: what they show was committed, no matter how the command ended; a line that
 * was kept beside only adds when, and by which attempt.
 *
 * Shape   only what comes after all that is on record: a line is never added out of order.
 * Stops   a planted line beside the log, which would tell of a tier that never ran.
 */
export function missingLines(of: RecordedRun): readonly Execution[] {
  const { recorded, at } = of;
  const known = transactionsOf(recorded).filter(({ outcome }) => outcome === 'applied');
  const pieces = piecesIn(of);
  const isKnown = (piece: Piece): boolean => known.some((one) => covers(one, piece));
  const missing = pieces.slice(pieces.findLastIndex(isKnown) + 1);
  const lines = missing.flatMap((piece) => toldOf(piece, of));
  const last = recorded.at(-1);
  const isOpen = last !== undefined && (last.phase === 'intent' || last.phase === 'unknown');
  if (!isOpen || !hasEnded(last, of) || pieces.some((piece) => covers(last, piece))) return lines;
  const reason = { code: 'attempt-ended', facts: {} } as const;
  return [{ ...last, phase: 'not-applied', reason, at, kept: 'rows' }, ...lines];
}

function hasEnded({ epoch }: Execution, { ended }: RecordedRun): boolean {
  return ended !== null && BigInt(epoch) <= BigInt(ended);
}

/** The transactions that the rows show, in the order of a cycle: up, then down from the last tier. */
function piecesIn({ release, progress }: RecordedRun): readonly Piece[] {
  const { tiers } = release;
  return (['up', 'down'] as const).flatMap((direction) =>
    (direction === 'up' ? tiers : tiers.toReversed()).flatMap((tier): readonly Piece[] => {
      const is = (row: { readonly tier: string; readonly direction: Direction }): boolean =>
        row.tier === tier.id && row.direction === direction;
      const marker = progress.markers.find(is);
      const numbers = progress.steps
        .filter(is)
        .map(({ n }) => n)
        .toSorted((one, other) => one - other);
      const piece = (first: number, last: number): Piece => ({
        direction,
        tier: tier.id,
        steps: [first, last],
        epoch: marker?.epoch ?? '0',
      });
      if (numbers.length === 0) return marker === undefined ? [] : [piece(0, 0)];
      if (tier.transaction === 'single') return [piece(1, numbers.length)];
      const isLeft = marker !== undefined && isLeftAlone(tier, direction);
      return [...numbers.map((n) => piece(n, n)), ...(isLeft ? [piece(0, 0)] : [])];
    }),
  );
}

function toldOf(piece: Piece, { cycle, recorded, beside, standbys, at }: RecordedRun): readonly Execution[] {
  const same = (phase: Execution['phase']) => (one: Execution) =>
    one.phase === phase && covers(one, piece) && covers(piece, one);
  const last = recorded.at(-1);
  const isOpen = last !== undefined && (same('intent')(last) || same('unknown')(last));
  const intent = isOpen ? last : beside.findLast(same('intent'));
  const outcome = beside.findLast(same('applied'));
  if (outcome !== undefined) {
    const lines = intent === undefined || intent === last ? [outcome] : [intent, outcome];
    return lines.map((line) => ({ ...line, kept: 'beside' }));
  }
  const { epoch } = intent ?? piece;
  const reason = standbys === 'none' ? null : ({ code: 'standby-behind', facts: {} } as const);
  return [{ version: 1, ...cycle, ...piece, epoch, phase: 'applied', reason, at, kept: 'rows' }];
}

function covers(one: Omit<Piece, 'epoch'>, other: Omit<Piece, 'epoch'>): boolean {
  return (
    one.direction === other.direction &&
    one.tier === other.tier &&
    one.steps[0] <= other.steps[0] &&
    one.steps[1] >= other.steps[1]
  );
}
