/** Blocks `[first, after)`; `after` null: and all after it. */
export type Range = readonly [first: number, after: number | null];

/** The block number that no block has. */
export const noBlock = 4_294_967_295;

/** Joins two lists of ranges into one without overlaps, in order. */
export function joinRanges(one: readonly Range[], other: readonly Range[]): readonly Range[] {
  const joined: [number, number | null][] = [];
  for (const [first, after] of [...one, ...other].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last === undefined || (last[1] !== null && last[1] < first)) joined.push([first, after]);
    else if (last[1] !== null) last[1] = after === null ? null : Math.max(last[1], after);
  }
  return joined;
}

/** What decides whether two copies of a relation read equal blocks as equal rows: see `shapes`. */
export interface ReadingShape {
  readonly name: string;
  readonly file: string;
  readonly toast: string | null;
  readonly settled: string;
  readonly shape: string;
}

/** One side of a comparison: the shapes of its relations, and its changed blocks. */
export interface Changed {
  readonly shapes: ReadonlyMap<string, ReadingShape>;
  readonly files: ReadonlyMap<string, readonly Range[]>;
}

/** How one relation is compared: by these blocks (perhaps none), or whole. */
export type Way = { readonly blocks: readonly Range[] } | 'whole';

/**
 * Decides how a relation is compared. Blocks are enough only where both sides hold the same file with the same live columns; rows in
 * blocks that neither side touched are then the same bytes with the same meaning.
 */
export function wayOf(name: string, before: Changed, after: Changed): Way {
  const [was, is] = [before.shapes.get(name), after.shapes.get(name)];
  if (was === undefined || is === undefined) return 'whole';
  if (was.settled !== 'true' || is.settled !== 'true') return 'whole';
  if (was.file !== is.file || was.toast !== is.toast || was.shape !== is.shape) return 'whole';
  const of = (file: string): readonly Range[] => joinRanges(before.files.get(file) ?? [], after.files.get(file) ?? []);
  const blocks = of(is.file);
  // values that were moved out of line change together with their rows, or not by a statement of SQL
  if (blocks.length === 0 && is.toast !== null && of(is.toast).length > 0) return 'whole';
  return { blocks };
}
